/** A stored history replayed: nothing counts before the minute it happened or was decided on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EventRow, eventRows } from '../api/events.ts';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import { storeOf } from './ask.ts';
import { type BacktestAlarm, backtest, type History } from './backtest.ts';
import { parseBuckets, storedHistories } from './histories.ts';
import { defaultSettings } from './settings.ts';

vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-histories-'));
const day = 1_440;
const start = Date.parse('2026-10-20T00:00:00Z') / 60_000;
const changedAt = start + 8 * day + 100;
const end = start + 10 * day;
let engine: Engine;

/** Ten units a minute; fallbacks at 2 %, and 6 % from `changed` on. */
const play = (tag: string, from: number, to: number, changed: number): Promise<unknown> =>
  engine.writer.command({
    query: `INSERT INTO routescope.calls_1m (minute, environment, tag, first_model, calls, checked, fallbacks)
      WITH if({from:UInt32} + number < {changed:UInt32}, 2, 6) AS rate
      SELECT toDateTime(({from:UInt32} + number) * 60, 'UTC'), 'prod', {tag:String}, 'small', 10, 10, intDiv((number + 1) * rate, 10) - intDiv(number * rate, 10)
      FROM numbers({to:UInt32} - {from:UInt32})`,
    query_params: { tag, from, to, changed },
  });

const say = (event: Record<string, unknown>, at: number): Promise<unknown> =>
  engine.writer.insert<EventRow>({
    table: 'routescope.events',
    values: eventRows({ events: [{ ...event, at: at * 60_000 }] }, at * 60_000),
    format: 'JSONEachRow',
    clickhouse_settings: { date_time_input_format: 'basic' },
  });

async function replay(tag: string, until = end): Promise<readonly BacktestAlarm[]> {
  const history = (await storedHistories(storeOf(engine).ask)).find((each) => each.tag === tag) as History;
  return backtest(history, {
    settings: defaultSettings,
    share: 1,
    from: start + 7 * day,
    until,
    staticLimit: 0.05,
  }).drift;
}

const tags = ['plain', 'accepted', 'silenced', 'pinned'] as const;
let firedAt: number;
beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  for (const tag of tags) await play(tag, start, end, changedAt);
  firedAt = (await replay('plain'))[0]?.firedAt as number;
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

test('a stored change is found within the hour', () => {
  expect(firedAt - changedAt).toBeGreaterThan(0);
  expect(firedAt - changedAt).toBeLessThan(60);
});

test('an acceptance counts from the minute it was made on, for the time it speaks of', async () => {
  // Looked back on, the rate has been normal since the change; nobody knew when the alarm fired.
  await say({ kind: 'accept', tag: 'accepted', since: changedAt * 60_000 }, firedAt + 200);
  const alarms = await replay('accepted');
  expect(alarms.map((alarm) => [alarm.firedAt, alarm.closedAt])).toEqual([[firedAt, firedAt + 200]]);
});

test('a silence holds back what fires in it, and nothing that fired before it', async () => {
  const before = firedAt - 30;
  await say({ kind: 'silence', tag: 'silenced', until: (firedAt + 90) * 60_000 }, before);
  expect(await replay('silenced')).toMatchObject([{ firedAt, toldAt: firedAt + 90 }]);
  await say({ kind: 'silence', tag: 'plain', until: (firedAt + 90) * 60_000 }, firedAt + 1);
  expect(await replay('plain')).toMatchObject([{ firedAt, toldAt: firedAt }]);
});

test('a pin counts from the minute it was made on', async () => {
  const alarm = async (): Promise<BacktestAlarm> => (await replay('pinned'))[0] as BacktestAlarm;
  const plain = await alarm();
  await say({ kind: 'pin', tag: 'pinned', numbers: { units: 50_000, fallbacks: 4_000 } }, firedAt + 1);
  expect(await alarm()).toEqual(plain);
  // Had it been known that the rate used to be 8 %, 6 % would have been no news.
  await say({ kind: 'pin', tag: 'pinned', numbers: { units: 50_000, fallbacks: 4_000 } }, firedAt - 60);
  expect((await alarm())?.firedAt).not.toBe(firedAt);
});

test('rows, versions and decisions that are stored later change no verdict', async () => {
  const until = firedAt + 10;
  const before = await replay('plain', until);
  expect(before).toHaveLength(1);
  await play('plain', until, until + 3 * day, 0);
  await play('newcomer', until + 5, until + 3 * day, 0);
  await say({ kind: 'deploy', tag: 'plain', name: 'v9' }, until + 1);
  await say({ kind: 'accept', tag: 'plain', since: (start + day) * 60_000 }, until + 2);
  await say({ kind: 'pin', tag: 'plain', numbers: { units: 90_000, fallbacks: 4_500 } }, until + 3);
  await engine.writer.command({
    query: `INSERT INTO routescope.versions_1h (hour, environment, tag, first_model, what, version, first_at, calls)
      SELECT toStartOfHour(first_at), 'prod', 'plain', 'small', 'prompt_version', toString(number), toDateTime64({at:UInt32} + number, 6, 'UTC') AS first_at, 1 FROM numbers(40)`,
    query_params: { at: (until + 60) * 60 },
  });
  expect(await replay('plain', until)).toEqual(before);
});

test('a version is a release until its hour is over, and after it when it got a hundredth of the calls', async () => {
  const hour = start + 3 * day;
  await engine.writer.insert({
    table: 'routescope.versions_1h',
    values: [
      ['h1', hour - 60, 500],
      ['h1', hour, 500],
      ['h2', hour, 200],
      ['stray', hour, 1],
    ].map(([version, at, calls]) => ({
      hour: Number(at) * 60,
      environment: 'prod',
      tag: 'silenced',
      first_model: 'small',
      what: 'route_version',
      version,
      first_at: ((Number(at) + 7) * 60).toFixed(6),
      calls,
    })),
    format: 'JSONEachRow',
  });
  const history = (await storedHistories(storeOf(engine).ask)).find(({ tag }) => tag === 'silenced') as History;
  expect([...history.releases].sort((a, b) => (a.until ?? 0) - (b.until ?? 0))).toEqual([
    { at: hour + 7, until: undefined },
    { at: hour + 7, until: hour + 60 },
  ]);
});

test.each([
  ['', 0],
  ['\n\n', 0],
  ['{"tag":"t","minute":1,"event":"release"}', 0],
  ['\uFEFF{"tag":"t","minute":1,"units":1,"fallbacks":0}', 1],
  ['{"tag":"t","minute":"2026-11-01T00:00:00Z","units":1,"fallbacks":0,"note":"other columns are left alone"}\r\n', 1],
])('%j holds %d histories', (text, many) => {
  expect(parseBuckets(text, 'f')).toHaveLength(many);
});

test.each([
  ['null', 'f, line 1: expected one JSON object a line'],
  ['[1]', 'f, line 1: expected one JSON object a line'],
  ['tag,minute,units', 'f, line 1: expected one JSON object a line'],
  ['{"minute":1,"units":1,"fallbacks":0}', 'f, line 1: expected a "tag", a text'],
  ['{"tag":7,"minute":1,"units":1,"fallbacks":0}', 'f, line 1: expected a "tag", a text'],
  ['{"tag":"t","units":1,"fallbacks":0}', 'f, line 1: expected a "minute": epoch minutes, or an ISO time'],
  ['{"tag":"t","minute":1.5,"units":1,"fallbacks":0}', 'f, line 1: expected a "minute": epoch minutes, or an ISO time'],
  ['{"tag":"t","minute":1,"units":1}', 'f, line 1: expected "units" and "fallbacks", numbers from 0'],
  ['{"tag":"t","minute":1,"units":"3","fallbacks":0}', 'f, line 1: expected "units" and "fallbacks", numbers from 0'],
  ['{"tag":"t","minute":1,"units":-1,"fallbacks":0}', 'f, line 1: expected "units" and "fallbacks", numbers from 0'],
  ['{"tag":"t","minute":1,"units":null,"fallbacks":0}', 'f, line 1: expected "units" and "fallbacks", numbers from 0'],
  [
    '{"tag":"t","minute":1,"event":"party"}',
    'f, line 1: "event" "party" is none of release, accept, pin, silence, change',
  ],
  [
    '{"tag":"t","minute":1,"units":1,"fallbacks":0}\n{"tag":"t","minute":29000000,"units":1,"fallbacks":0}',
    'f, line 2: its minute is more than ten years from others of its key',
  ],
])('%j is refused: %s', (text, why) => {
  expect(() => parseBuckets(text, 'f')).toThrow(why);
});
