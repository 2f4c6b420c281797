/** What was quiet for four weeks when it left the lookback is pinned, with the clock in hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDrift } from '@routescope/panels';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import { storeOf } from './ask.ts';
import { pinQuiet } from './pins.ts';
import { defaultSettings, parametersOf } from './settings.ts';
import { startWatch } from './watch.ts';

vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-pins-'));
const day = 86_400_000;
const start = Date.parse('2026-10-20T00:00:00Z');
let engine: Engine;

/** A call every five minutes for sixty days, one in fifty with a fallback; `doubled` from that day on one in ten. */
const play = (tag: string, doubled = 60): Promise<unknown> =>
  engine.writer.command({
    query: `INSERT INTO routescope.calls_1m (minute, environment, tag, first_model, calls, checked, fallbacks)
      SELECT toDateTime({from:UInt32} + number * 300, 'UTC'), 'prod', {tag:String}, 'small', 1, 1, number % if(number < {doubled:UInt32} * 288, 50, 10) = 0 FROM numbers(17280)`,
    query_params: { tag, from: start / 1_000, doubled },
  });

interface Pin {
  readonly tag: string;
  readonly since: string;
  readonly until: string;
  readonly numbers: Readonly<Record<string, number>>;
}
const pins = async (): Promise<Pin[]> =>
  (await storeOf(engine).ask(
    "SELECT tag, toString(toDate(since)) AS since, toString(toDate(until)) AS until, numbers FROM routescope.events FINAL WHERE kind = 'pin' ORDER BY at, tag",
    {},
  )) as Pin[];

const watched = (): ReturnType<typeof startWatch> =>
  startWatch(engine, { everySeconds: 0, pause: async () => {} }, () => {});

beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  await play('quiet');
  await play('alarmed', 40);
  for (const tag of ['accepted', 'revalidated']) await play(tag);
  const { write } = storeOf(engine);
  await write([
    { id: 'a', kind: 'accept', at: new Date(start + 20 * day).toISOString(), tag: 'accepted', environment: 'prod' },
  ]);
  await engine.writer.insert({
    table: 'routescope.versions_1h',
    values: [1, 15].map((at) => ({
      hour: start / 1_000 + at * 86_400,
      environment: 'prod',
      tag: 'revalidated',
      first_model: 'small',
      what: 'validation_version',
      version: `v${at}`,
      first_at: (start / 1_000 + at * 86_400).toFixed(6),
      calls: 60,
    })),
    format: 'JSONEachRow',
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

test('nothing is pinned while it is still looked at', async () => {
  await watched().look(start + 29 * day + 3_600_000);
  await watched().look(start + 50 * day + 3_600_000);
  expect(await pins()).toEqual([]);
});

test('quiet days that left the lookback are pinned, once; those with a decision or an alarm since are not', async () => {
  const now = start + 57 * day + 3_600_000;
  for (const at of [now, now + 3_600_000]) await watched().look(at);
  const { ask, write } = storeOf(engine);
  expect(await pinQuiet(ask, write, now)).toEqual([]);
  expect(await pins()).toEqual([
    {
      tag: 'quiet',
      since: '2026-10-21',
      until: '2026-11-18',
      numbers: { units: 28 * 288, fallbacks: 162 },
    },
  ]);
});

test('what is pinned is part of the baseline from then on', async () => {
  const { ask } = storeOf(engine);
  const before = async (at: number): Promise<number> => {
    const rows = await readDrift(ask, parametersOf(defaultSettings), at);
    const row = rows.find(({ tag, question }) => tag === 'quiet' && question === 'rise');
    return (row?.units_before ?? 0) + (row?.units_after ?? 0);
  };
  const [day56, day57] = [await before(start + 57 * day - 60_000), await before(start + 57 * day + 4 * 3_600_000)];
  // The pin's fallbacks are below what one may count for.
  expect(Math.round((day57 - day56) / 288)).toBe(28);
});
