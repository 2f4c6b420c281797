import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCap, victims } from './cap.ts';
import type { Engine } from './engine.ts';
import { migrate } from './migrate.ts';
import { openEngine } from './supervise.ts';

const partition = (table: string, id: string, bytes = 10) => ({ table, id, bytes, rows: 1 });

test('raw spans go first, oldest first, then months of rows; the newest of each and the rollups stay', () => {
  const all = [
    partition('calls', '202610'),
    partition('calls', '202611'),
    partition('otel_traces', '20261102'),
    partition('otel_traces', '20261101'),
    partition('otel_traces', '20261103'),
    partition('calls_1m', '202501', 1_000),
  ];
  expect(victims(all, 0)).toEqual([]);
  expect(victims(all, 1).map(({ id }) => id)).toEqual(['20261101']);
  expect(victims(all, 25).map(({ id }) => id)).toEqual(['20261101', '20261102', '202610']);
  expect(victims(all, 10_000)).toHaveLength(3);
});

const directory = mkdtempSync(join(tmpdir(), 'routescope-cap-'));
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const days = async (): Promise<string[]> => {
  const result = await engine.writer.query({
    query: 'SELECT DISTINCT toString(toDate(Timestamp)) AS day FROM routescope.otel_traces ORDER BY day',
    format: 'JSONEachRow',
  });
  return (await result.json<{ day: string }>()).map(({ day }) => day);
};

test('over the cap the oldest days are dropped, and what went is said, counted, and told from what the TTL took', async () => {
  await engine.writer.command({
    query:
      "INSERT INTO routescope.otel_traces (Timestamp, TraceId, SpanId, SpanName) SELECT toDateTime64('2026-11-01 00:00:00', 9, 'UTC') + toIntervalDay(number % 4), toString(number), toString(number), 'x' FROM numbers(4000)",
  });
  const said: string[] = [];
  const cap = startCap({ writer: engine.writer, maxBytes: 1, log: (line) => said.push(line), everyMs: 3_600_000 });
  await cap.check();
  expect(await days()).toEqual(['2026-11-04']);
  expect(cap.dropped).toEqual([{ table: 'otel_traces', because: 'cap', rows: 3_000 }]);
  expect(said).toContainEqual(expect.stringContaining('dropped 1000 rows, partition 20261101 of otel_traces'));

  await engine.writer.command({ query: "ALTER TABLE routescope.otel_traces DROP PARTITION ID '20261104'" });
  await cap.check();
  expect(cap.dropped).toContainEqual({ table: 'otel_traces', because: 'ttl', rows: 1_000 });
  cap.close();
});
