/** Routing: a share that moves under one table is told, once; what a new table, an outage or an experiment moves is not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DriftRow, readDrift } from '@routescope/panels';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import { type Alarm, alarmOf } from './alarm.ts';
import { storeOf } from './ask.ts';
import { backtest } from './backtest.ts';
import { countsOf, type MinuteRow } from './counts.ts';
import { storedHistories } from './histories.ts';
import { createJudge } from './replay.ts';
import { defaultSettings, multiplesOf, parametersOf } from './settings.ts';
import { startWatch, type Watch } from './watch.ts';

// Looks of a second or two each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-routing-'));
const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse('2026-10-20T00:00:00Z');
/** When something happens to each tag but the steady one. */
const began = start + 7 * day + 5 * hour;
/** When what was shifted and comes back has come back. */
const back = began + 8 * hour;
const tags = ['steady', 'shifted', 'returned', 'retabled', 'out', 'tried', 'fixed'] as const;
type Tag = (typeof tags)[number];

interface Call {
  readonly at: number;
  readonly session: string;
  readonly id: string;
  readonly model: 'small' | 'mid' | 'large';
  readonly version: string;
  /** The place it was meant for was passed over. */
  readonly isDiverted: boolean;
  readonly isTried: boolean;
}

/** Evenly spread and the same at every run: the golden ratio's multiples. */
const spread = (i: number, of: number): number => (i * 0.6180339887498949 * of + of / 7) % 1;

/** A call a minute: 20 sessions of two calls an hour, and 20 calls by themselves. 70 % begin at small, 20 % at mid. */
function callsOf(tag: Tag, from: number, to: number): Call[] {
  const calls: Call[] = [];
  for (let at = from, i = (from - start) / 60_000; at < to; at += 60_000, i++) {
    const isChanged = at >= began;
    const isMoved = isChanged && (['shifted', 'retabled'].includes(tag) || (tag === 'returned' && at < back));
    const [small, mid] = isMoved ? [0.4, 0.2] : [0.7, 0.2];
    const chance = spread(i, 3);
    const meant = tag === 'fixed' || chance < small ? 'small' : chance < small + mid ? 'mid' : 'large';
    const isDiverted = tag === 'out' && isChanged && meant === 'large';
    // Half of the users are in an experiment that begins them all at large.
    const isTried = tag === 'tried' && isChanged && spread(Math.floor(i / 3), 5) < 0.5;
    calls.push({
      at: at + 3_000,
      session: i % 3 === 2 ? '' : `${tag}-${Math.floor(i / 3)}`,
      id: `${tag}-${i}`,
      model: isDiverted ? 'mid' : isTried ? 'large' : meant,
      version: tag === 'retabled' && isChanged ? 'r2' : 'r1',
      isDiverted,
      isTried,
    });
  }
  return calls;
}

const time = (ms: number): string => new Date(ms).toISOString().slice(0, -1).replace('T', ' ');

async function play(tag: Tag, from: number, to: number): Promise<void> {
  await engine.writer.insert({
    table: 'routescope.calls',
    values: callsOf(tag, from, to).map(({ at, session, id, model, version, isDiverted, isTried }) => ({
      ...{ trace_id: id, call_id: id, started_at: time(at), duration_s: 1, environment: 'prod', tag },
      ...{ session_id: session, first_model: model, final_model: model, route_version: version },
      ...{ policy: tag === 'fixed' ? 'static' : 'classifier', diverted_count: isDiverted ? 1 : 0 },
      ...{ route_reason: isDiverted ? 'circuit_open' : isTried ? 'experiment' : model, experiment: isTried ? 'e' : '' },
      ...{ cost_usd: { small: '0.001', mid: '0.004', large: '0.02' }[model], outcome: 'accepted', attempt_count: 1 },
    })),
    format: 'JSONEachRow',
  });
}

let engine: Engine;
let watch: Watch;

const told = async (): Promise<Alarm[]> =>
  (
    (await storeOf(engine).ask(
      "SELECT details FROM routescope.events FINAL WHERE kind = 'alarm' AND signal = 'routing' ORDER BY at, id",
      {},
    )) as { details: string }[]
  ).map(({ details }) => JSON.parse(details) as Alarm);

/** A look at the minute at which it is the turn of routing. */
async function look(after: number): Promise<void> {
  const { ask } = storeOf(engine);
  const others = (await ask('SELECT count(DISTINCT signal) AS many FROM routescope.drift_limits', {})) as {
    many: string;
  }[];
  const turns = Number(others[0]?.many) + 1;
  // By name, routing is the last of latency, cost and itself.
  const minute = Math.ceil(after / 60_000 / turns) * turns + turns - 1;
  await watch.look((minute + 1) * 60_000);
}

beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  await Promise.all(tags.map((tag) => play(tag, start, back)));
  watch = startWatch(engine, { everySeconds: 0, pause: async () => {} }, () => {});
  await watch.look(start + 3 * day);
});
afterAll(async () => {
  await watch.close();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Where each session's first call of a day, or each call without a session, was sent: as the view counts a model. */
function sharesOf(tag: Tag, model: Call['model'], until: number): MinuteRow[] {
  const units = new Map<string, Call>();
  for (const call of callsOf(tag, start, until)) {
    if (call.isTried) continue;
    const unit = JSON.stringify([call.session || [call.id], Math.floor(call.at / day)]);
    if (!units.has(unit)) units.set(unit, call);
  }
  const series = ({ at, version }: Call): string => `${Math.floor(at / day)} ${version}`;
  const isSent = (call: Call): boolean => call.model === model && !call.isDiverted;
  const seen = new Set([...units.values()].filter(isSent).map(series));
  return [...units.values()]
    .filter((call) => seen.has(series(call)))
    .map((call) => ({ minute: Math.floor(call.at / 60_000), units: 1, fallbacks: isSent(call) ? 1 : 0 }));
}

test('what SQL counts its twin counts, and the evidence is the same to 1e-9', async () => {
  const now = (began + 2 * hour) / 60_000;
  const rows = await readDrift(storeOf(engine).ask, parametersOf(defaultSettings, 'routing'), now * 60_000);
  expect(rows.map(({ tag, first_model, question }) => `${tag} ${first_model} ${question}`).sort()).toEqual(
    tags
      .filter((tag) => tag !== 'fixed')
      .flatMap((tag) => ['large', 'mid', 'small'].map((model) => `${tag} ${model} rise`))
      .filter((key) => !key.startsWith('retabled'))
      .sort(),
  );
  for (const row of rows) {
    const { minutes } = createJudge({
      counts: countsOf(sharesOf(row.tag as Tag, row.first_model as Call['model'], now * 60_000), now),
      markers: [],
      monitorFrom: start / 60_000 + 1_440,
      pinnedUnits: 0,
      pinnedFallbacks: 0,
      multiples: multiplesOf(defaultSettings),
      tolerance: 1 + defaultSettings.wobble,
    }).evidence(now);
    expect(Math.abs(row.evidence_minutes / minutes - 1), `${row.tag} ${row.first_model}`).toBeLessThan(1e-9);
  }
});

test('the shift is told, and nothing else: no new table, no outage, no experiment', async () => {
  await look(began + 5 * hour);
  const alarms = await told();
  expect(alarms.map(({ tag, model }) => [tag, model])).toEqual([
    ['returned', 'large'],
    ['shifted', 'large'],
  ]);
  expect(alarms.slice(1)).toMatchObject([
    {
      alert: 'routing_drift',
      tag: 'shifted',
      model: 'large',
      direction: 'rise',
      severity: 'ticket',
      unit: 'mixed',
      suspect: { dimension: 'route_reason', value: 'large', within: 0 },
    },
  ]);
  const [{ text, before, after, extra_cost_usd_per_day: extra, ...rest }] = alarms.slice(1) as [Alarm];
  expect(rest).not.toHaveProperty('limit');
  expect(text).toMatch(
    /^shifted · large · prod: share of sessions and calls sent to it first is up, 10 % -> (about )?4\d %/,
  );
  expect(text).toMatch(/\d+ sent to it in \d+ sessions and calls since/);
  expect(before.rate).toBeCloseTo(0.1, 1);
  expect(after.rate).toBeCloseTo(0.4, 1);
  // 0.3 of 1,440 calls a day at 0.02 instead of what is cheaper.
  expect(extra).toBeGreaterThan(0.3 * 1_440 * 0.015);
  expect(extra).toBeLessThan(0.35 * 1_440 * 0.02);
});

test('nobody is woken up by a share that tripled, but by what it costs', async () => {
  const [row] = await readDrift(storeOf(engine).ask, parametersOf(defaultSettings, 'routing'), began + 2 * hour);
  const told = (signal: string, extraCostUsdPerDay: number): Alarm => {
    const findings = { confirmedMultiple: 4, limit: null, release: null, extraCostUsdPerDay, suspect: null, links: {} };
    return alarmOf({ ...(row as DriftRow), signal }, '2026-10-27T08:00:00Z', findings, 10);
  };
  expect(told('fallback', 1).severity).toBe('page');
  expect(told('routing', 1).severity).toBe('ticket');
  expect(told('routing', 10).severity).toBe('page');
  expect(told('routing', -2.5)).toMatchObject({
    severity: 'ticket',
    text: expect.stringContaining('Saves about 2.5 USD'),
  });
});

test('a replay of what is stored says the same', async () => {
  const histories = await storedHistories(storeOf(engine).ask, 'routing');
  const replayed = histories.filter(
    (history) =>
      backtest(history, {
        settings: defaultSettings,
        share: 1,
        from: (start + 4 * day) / 60_000,
        until: (began + 5 * hour) / 60_000,
        staticLimit: 0.99,
      }).drift.length > 0,
  );
  expect(replayed.map(({ tag, model }) => [tag, model])).toEqual([
    ['returned', 'large'],
    ['shifted', 'large'],
  ]);
});

test('the way back closes it', async () => {
  await play('returned', back, back + 14 * hour);
  await look(back + 14 * hour);
  expect((await told()).filter(({ state }) => state !== 'opened')).toMatchObject([
    { tag: 'returned', model: 'large', state: 'recovered' },
  ]);
});

test('another table closes it, and begins a series of its own', async () => {
  const at = back + 15 * hour;
  await engine.writer.insert({
    table: 'routescope.calls',
    values: callsOf('shifted', at, at + 30 * 60_000).map(({ id, at, model }) => ({
      ...{ trace_id: id, call_id: id, started_at: time(at), environment: 'prod', tag: 'shifted', attempt_count: 1 },
      ...{ first_model: model, final_model: model, route_version: 'r3', policy: 'classifier', outcome: 'accepted' },
    })),
    format: 'JSONEachRow',
  });
  await look(at + 20 * 60_000);
  const alarms = (await told()).filter(({ tag }) => tag === 'shifted');
  expect(alarms.map(({ state }) => state)).toEqual(['opened', 'route_changed']);
  expect(alarms[1]?.text).toMatch(/routing: over at .*, the tag is routed another way\./);
  const rows = await readDrift(storeOf(engine).ask, parametersOf(defaultSettings, 'routing'), at + 25 * 60_000);
  expect(rows.filter(({ tag }) => tag === 'shifted')).toEqual([]);
});
