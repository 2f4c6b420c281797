/** `POST /v1/scores`: verdicts that come after the call. 200 means they are in the table. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClickHouseClient } from '@clickhouse/client';
import { readText } from './query.ts';

const maxBodyBytes = 4 * 1024 * 1024;
const maxText = 2_000;

/** A row of `routescope.scores`. */
type ScoreRow = Readonly<Record<string, string | number | null>>;

export function createScoresEndpoint(
  writer: ClickHouseClient,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const insert = together((rows: readonly ScoreRow[]) =>
    writer.insert({
      table: 'routescope.scores',
      values: rows,
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'basic' },
    }),
  );
  return async (request, response) => {
    const body = await readText(request, maxBodyBytes);
    if (body === undefined)
      return answer(response, 413, { code: 8, message: `the body is longer than ${maxBodyBytes} bytes` });
    let rows: ScoreRow[];
    try {
      rows = rowsOf(JSON.parse(body));
    } catch (problem) {
      return answer(response, 400, { code: 3, message: problem instanceof Error ? problem.message : String(problem) });
    }
    try {
      if (rows.length > 0) await insert(rows);
    } catch (problem) {
      response.setHeader('retry-after', '1');
      return answer(response, 503, {
        code: 14,
        message: problem instanceof TooMany ? problem.message : 'the engine is away; send the scores again',
      });
    }
    answer(response, 200, {});
  };
}

/** More scores wait for the engine than may. */
class TooMany extends Error {
  override readonly name = 'TooMany';
}

const maxWaiting = 100_000;

/**
 * Inserts one after the other, and everything that came meanwhile at once: an insert costs the same for one row as for
 * a thousand. Each caller learns what became of its own rows.
 */
export function together<Row>(
  insert: (rows: readonly Row[]) => Promise<unknown>,
): (rows: readonly Row[]) => Promise<void> {
  let waiting: { rows: readonly Row[]; done: () => void; failed: (problem: unknown) => void }[] = [];
  let waitingRows = 0;
  let isBusy = false;
  const drain = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      waitingRows = 0;
      try {
        await insert(batch.flatMap(({ rows }) => rows));
        for (const { done } of batch) done();
      } catch (problem) {
        for (const { failed } of batch) failed(problem);
      }
    }
    isBusy = false;
  };
  return (rows) => {
    if (waitingRows + rows.length > maxWaiting)
      return Promise.reject(new TooMany(`more than ${maxWaiting} scores wait to be stored`));
    return new Promise((done, failed) => {
      waiting.push({ rows, done, failed });
      waitingRows += rows.length;
      if (!isBusy) void drain();
    });
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** @throws Error that names every field that is wrong. */
export function rowsOf(body: unknown): ScoreRow[] {
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

function record(value: unknown, where: string, problems: string[]): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push(`${where}: expected an object`);
  return {};
}

function text(value: unknown, where: string, problems: string[]): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' && value.length <= maxText) return value;
  problems.push(`${where}: expected a text of at most ${maxText} characters`);
  return '';
}

function required(value: unknown, where: string, problems: string[]): string {
  if (typeof value === 'string' && value !== '') return text(value, where, problems);
  problems.push(`${where}: expected a text that is not empty`);
  return '';
}

function number(value: unknown, where: string, problems: string[]): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  problems.push(`${where}: expected a number`);
  return null;
}

/** Epoch milliseconds to the engine's seconds with six decimals. */
function time(value: unknown, where: string, problems: string[]): string {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 4e12)
    return (value / 1000).toFixed(6);
  problems.push(`${where}: expected epoch milliseconds`);
  return '0';
}
