/** `POST /v1/scores`: verdicts that come after the call. */
import { number, record, required, text, time } from './fields.ts';

/** A row of `routescope.scores`. */
type ScoreRow = Readonly<Record<string, string | number | null>>;

/** @throws Error that names every field that is wrong. */
export function scoreRows(body: unknown): ScoreRow[] {
  const problems: string[] = [];
  const scores = (body as { scores?: unknown } | null)?.scores;
  if (!Array.isArray(scores)) throw new Error('expected {"scores": [ … ]}');
  const rows = scores.map((score: unknown, index) => {
    const where = `scores[${index}]`;
    const fields = record(score, where, problems);
    const call = record(fields['call'], `${where}.call`, problems);
    return {
      environment: text(call['environment'], `${where}.call.environment`, problems),
      service: text(call['service'], `${where}.call.service`, problems),
      tag: text(call['tag'], `${where}.call.tag`, problems),
      tier: text(call['tier'], `${where}.call.tier`, problems),
      model: text(call['model'], `${where}.call.model`, problems),
      session_id: text(call['sessionId'], `${where}.call.sessionId`, problems),
      trace_id: text(call['traceId'], `${where}.call.traceId`, problems),
      call_id: required(call['id'], `${where}.call.id`, problems),
      call_started_at: time(call['startedAt'], `${where}.call.startedAt`, problems),
      name: required(fields['name'], `${where}.name`, problems),
      value: number(fields['value'], `${where}.value`, problems),
      label: text(fields['label'], `${where}.label`, problems),
      scorer: text(fields['by'], `${where}.by`, problems),
      explanation: text(fields['explanation'], `${where}.explanation`, problems),
      scored_at: time(fields['at'], `${where}.at`, problems),
    };
  });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return rows;
}
