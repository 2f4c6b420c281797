/** An endpoint that takes rows of one table as JSON. 200 means they are in the table. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClickHouseClient } from '@clickhouse/client';
import { readText } from './query.ts';

const maxBodyBytes = 4 * 1024 * 1024;

export interface RowsEndpointOptions<Row> {
  /** Resolves when they are in the tables. */
  readonly store: (rows: readonly Row[]) => Promise<unknown>;
  /** What the rows are, in the plural, for answers. */
  readonly what: string;
  /** @throws Error that names every field that is wrong. */
  readonly rowsOf: (body: unknown) => readonly Row[];
}

/** Inserts the rows as they are. */
export const into =
  (writer: ClickHouseClient, table: string) =>
  (values: readonly unknown[]): Promise<unknown> =>
    writer.insert({
      table,
      values,
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'basic' },
    });

export function createRowsEndpoint<Row>(
  options: RowsEndpointOptions<Row>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { store, what, rowsOf } = options;
  const insert = together(store);
  return async (request, response) => {
    const body = await readText(request, maxBodyBytes);
    if (body === undefined)
      return answer(response, 413, { code: 8, message: `the body is longer than ${maxBodyBytes} bytes` });
    let rows: readonly Row[];
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
        message:
          problem instanceof TooMany
            ? `too many ${what} wait to be stored; send them again`
            : `the engine is away; send the ${what} again`,
      });
    }
    answer(response, 200, {});
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** More rows wait for the engine than may. */
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
    if (waitingRows + rows.length > maxWaiting) return Promise.reject(new TooMany());
    return new Promise((done, failed) => {
      waiting.push({ rows, done, failed });
      waitingRows += rows.length;
      if (!isBusy) void drain();
    });
  };
}
