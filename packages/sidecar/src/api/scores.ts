/** `POST /v1/scores`: verdicts that come after the call. */
import { number, record, required, text, time } from './fields.ts';

/** A row of `routescope.scores`; `call_started_at` is null where the call is named by its id alone. */
export type ScoreRow = Readonly<Record<string, string | number | null>>;

/** A corrected answer may be as long as an answer. */
const maxCorrection = 65_536;

/** @throws Error that names every field that is wrong. */
export function scoreRows(body: unknown): ScoreRow[] {
  const problems: string[] = [];
  const scores = (body as { scores?: unknown } | null)?.scores;
  if (!Array.isArray(scores)) throw new Error('expected {"scores": [ … ]}');
  const rows = scores.map((score: unknown, index) => {
    const where = `scores[${index}]`;
    const fields = record(score, where, problems);
    const given = fields['call'];
    const call = typeof given === 'string' ? { id: given } : record(given, `${where}.call`, problems);
    const isKnown = call['startedAt'] !== undefined && call['startedAt'] !== null;
    return {
      environment: text(call['environment'], `${where}.call.environment`, problems),
      service: text(call['service'], `${where}.call.service`, problems),
      tag: text(call['tag'], `${where}.call.tag`, problems),
      tier: text(call['tier'], `${where}.call.tier`, problems),
      model: text(call['model'], `${where}.call.model`, problems),
      session_id: text(call['sessionId'], `${where}.call.sessionId`, problems),
      trace_id: text(call['traceId'], `${where}.call.traceId`, problems),
      call_id: required(call['id'], `${where}.call.id`, problems),
      call_started_at: isKnown ? time(call['startedAt'], `${where}.call.startedAt`, problems) : null,
      name: required(fields['name'], `${where}.name`, problems),
      value: number(fields['value'], `${where}.value`, problems),
      label: text(fields['label'], `${where}.label`, problems),
      scorer: text(fields['by'], `${where}.by`, problems),
      score_id: text(fields['id'], `${where}.id`, problems),
      correction: text(fields['correction'], `${where}.correction`, problems, maxCorrection),
      explanation: text(fields['explanation'], `${where}.explanation`, problems),
      scored_at: time(fields['at'], `${where}.at`, problems),
    };
  });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return rows;
}
