/** What happens to a whole history: it is moved, backed up, put back, and parts of it are forgotten. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { backup, restore } from './backup.ts';
import type { Engine } from './engine.ts';
import { forget } from './forget.ts';
import { migrate } from './migrate.ts';
import { move } from './move.ts';
import { openServer } from './server.ts';
import { openEngine, reachEngine } from './supervise.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-history-'));
const at = (name: string): string => join(directory, name);
let engine: Engine;
let there: TestServer;
beforeAll(async () => {
  engine = await openEngine(at('engine'));
  await migrate(engine.writer);
  await spans(engine, 1, 40);
  there = await startTestServer(process.env);
});
afterAll(async () => {
  await Promise.all([engine.close(), there.close()]);
  rmSync(directory, { recursive: true, force: true });
});

/** Calls of one attempt, one an hour, four to a session, ten to a user, numbered from `first`. */
const spans = ({ writer }: Engine, first: number, count: number): Promise<unknown> =>
  writer.command({
    query: `INSERT INTO routescope.otlp_in (span) SELECT tuple(
      toFixedString(unhex(leftPad(hex(number), 32, '0')), 16), toFixedString(unhex(leftPad(hex(number), 16, '0')), 8), '', '', 'chat', 3,
      1795500000000000000 + number * 3600000000000, 1795500001000000000 + number * 3600000000000,
      arrayMap(pair -> (pair.1, ('string_value', pair.2, false, 0, 0, tuple([]), '', '')), [
        ('gen_ai.operation.name', 'chat'), ('routescope.tag', 'draft'), ('gen_ai.request.model', 'm'),
        ('gen_ai.conversation.id', concat('s', toString(intDiv(number, 4)))), ('user.id', concat('u', toString(intDiv(number, 10))))]),
      [], [], ('', 0)) FROM numbers(${first}, ${count})`,
    clickhouse_settings: { insert_deduplicate: 0 },
  });

const counted = async ({ writer }: Engine): Promise<Record<string, number>> => {
  const result = await writer.query({
    query: `SELECT toUInt32((SELECT count() FROM routescope.otel_traces)) AS spans,
      toUInt32((SELECT count() FROM routescope.attempts)) AS attempts, toUInt32((SELECT count() FROM routescope.calls)) AS calls,
      toUInt32((SELECT sum(calls) FROM routescope.calls_1m)) AS minutes,
      toUInt32((SELECT uniqMerge(sessions) FROM routescope.calls_1m)) AS sessions,
      toUInt32((SELECT quantilesTDigestMerge(0.5, 0.95, 0.99)(duration_s)[1] FROM routescope.calls_1m)) AS median_s`,
    format: 'JSONEachRow',
  });
  return (await result.json<Record<string, number>>())[0] as Record<string, number>;
};
const all = { spans: 40, attempts: 40, calls: 40, minutes: 40, sessions: 11, median_s: 1 };

/** The engine, whose command number `at` is lost: before it arrives, or on the way back. */
function failing(to: Engine, atCommand: number, when: 'before' | 'after'): Engine {
  let commands = 0;
  const writer = new Proxy(to.writer, {
    get(target, name) {
      if (name !== 'command') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (parameters: { query: string }) => {
        const isHere = /(DROP|MOVE) PARTITION/.test(parameters.query) && ++commands === atCommand;
        if (isHere && when === 'before') throw new Error('connection lost');
        const result = await target.command(parameters);
        if (isHere) throw new Error('connection lost');
        return result;
      };
    },
  });
  return { ...to, writer };
}

test('a history is moved once, however often it is interrupted, beside what is there', {
  timeout: 120_000,
}, async () => {
  const to = await openServer(there.server);
  try {
    await migrate(to.writer, there.layout);
    await spans(to, 1_000, 3);
    const lines: string[] = [];
    const once = (target: Engine) =>
      move({
        from: engine,
        to: target,
        shown: there.server.shown,
        journal: at('move.json'),
        log: (line) => lines.push(line),
      });
    for (const [atCommand, when] of [
      [1, 'before'],
      [2, 'before'],
      [2, 'after'],
      [5, 'after'],
      [3, 'before'],
    ] as const)
      await expect(once(failing(to, atCommand, when))).rejects.toThrow('connection lost');
    await once(to);
    expect(await counted(to)).toEqual({ spans: 43, attempts: 43, calls: 43, minutes: 43, sessions: 12, median_s: 1 });
    expect(await once(to)).toEqual({ partitions: 0, rows: 0 });
    await expect(
      move({ from: engine, to, shown: 'http://other', journal: at('move.json'), log: () => {} }),
    ).rejects.toThrow('finish that one first');
    expect(lines.filter((line) => line.startsWith('otel_traces,')).length).toBeGreaterThan(1);
    const left = await to.writer.query({
      query: "SELECT name FROM system.tables WHERE database = 'routescope' AND name LIKE 'moving%'",
      format: 'JSONEachRow',
    });
    expect(await left.json()).toEqual([]);
  } finally {
    await to.close();
  }
});

test('a backup of a running engine is put back into an empty one', { timeout: 60_000 }, async () => {
  const second = await reachEngine(at('engine'), () => {});
  await backup(second, at('backup'));
  await second.close();
  expect(await counted(engine)).toEqual(all);
  await expect(backup(engine, at('backup'))).rejects.toThrow();
  await expect(restore(engine, at('backup'))).rejects.toThrow('there are tables already');
  const empty = await openEngine(at('restored'));
  try {
    await restore(empty, at('backup'));
    expect(await migrate(empty.writer)).toEqual([]);
    expect(await counted(empty)).toEqual(all);
    await spans(empty, 500, 1);
    expect(await counted(empty)).toMatchObject({ spans: 41, calls: 41, minutes: 41 });
  } finally {
    await empty.close();
  }
});

test('a session and a user are gone from every table, and nobody else', { timeout: 60_000 }, async () => {
  expect(await forget(engine.writer, { kind: 'session', id: 's2' }, {})).toMatchObject({
    attempts: 4,
    calls: 4,
    otel_traces: 4,
    otel_traces_trace_id_ts: 4,
  });
  expect(await forget(engine.writer, { kind: 'session', id: "s'); DROP" }, {})).toEqual({});
  expect(await forget(engine.writer, { kind: 'user', id: 'u2' }, {})).toMatchObject({ calls: 10, otel_traces: 10 });
  expect(await counted(engine)).toMatchObject({ spans: 26, attempts: 26, calls: 26 });
  const left = await engine.writer.query({
    query:
      "SELECT (SELECT count() FROM routescope.calls WHERE session_id = 's2') AS calls, (SELECT count() FROM routescope.otel_traces WHERE has(mapValues(SpanAttributes), 'u2')) AS spans",
    format: 'JSONEachRow',
  });
  expect(await left.json()).toEqual([{ calls: 0, spans: 0 }]);
});

test('what was summed by session goes too: of the session alone, and of every session of a user', async () => {
  await spans(engine, 201, 12); // sessions s50 to s53, users u20 and u21
  await engine.writer.command({
    query: `INSERT INTO routescope.calls SELECT * REPLACE (true AS checked, concat(call_id, '-checked') AS call_id)
      FROM routescope.calls WHERE session_id IN ('s50', 's51', 's52', 's53')`,
    clickhouse_settings: { insert_deduplicate: 0 },
  });
  const units = async (): Promise<unknown> => {
    const result = await engine.writer.query({
      query:
        'SELECT session_id, toUInt32(sum(calls)) AS calls FROM routescope.session_units GROUP BY session_id ORDER BY session_id',
      format: 'JSONEachRow',
    });
    return result.json();
  };
  const [s50, s51, s52, s53] = [
    { session_id: 's50', calls: 3 },
    { session_id: 's51', calls: 4 },
    { session_id: 's52', calls: 4 },
    { session_id: 's53', calls: 1 },
  ];
  expect(await units()).toEqual([s50, s51, s52, s53]);
  const rows = expect.any(Number); // one a day
  expect(await forget(engine.writer, { kind: 'session', id: 's51' }, {})).toMatchObject({
    session_units: rows,
    calls: 8,
  });
  expect(await units()).toEqual([s50, s52, s53]);
  // s52 is of u20 as of u21: with one of its traces the sum of it goes.
  expect(await forget(engine.writer, { kind: 'user', id: 'u21' }, {})).toMatchObject({ session_units: rows });
  expect(await units()).toEqual([s50]);
});
