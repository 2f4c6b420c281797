/** Latency, cost, scores and overrides: limits are frozen, what passes them is told, and only that; on stored rows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDrift } from '@routescope/panels';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import type { Alarm } from './alarm.ts';
import { storeOf } from './ask.ts';
import { backtest } from './backtest.ts';
import { countsOf, type MinuteRow } from './counts.ts';
import { storedHistories } from './histories.ts';
import { freezeLimits, limitAmong } from './limits.ts';
import { createJudge } from './replay.ts';
import { defaultSettings, multiplesOf, parametersOf } from './settings.ts';
import { settingsFor } from './signals.ts';
import { startWatch, type Watch } from './watch.ts';

// Looks of a second or two each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-signals-'));
const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse('2026-10-20T00:00:00Z');
const signals = ['cost', 'latency', 'override', 'score:helpful'] as const;
let engine: Engine;
let watch: Watch;
const log: string[] = [];

/** What is other than usual: everything by that factor; overrides and low scores more often by it. */
interface Change {
  readonly signal: (typeof signals)[number];
  readonly factor: number;
}

interface Call {
  readonly at: number;
  readonly session: string;
  readonly id: string;
  readonly duration: number;
  readonly cost: number;
  readonly score: number;
  readonly isOverridden: boolean;
}

/** Evenly spread and the same at every run: the golden ratio's multiples. */
const spread = (i: number, of: number): number => (i * 0.6180339887498949 * of + of / 7) % 1;

/** A call a minute: 20 sessions of two calls an hour, and 20 calls by themselves. */
function callsOf(tag: string, from: number, to: number, change?: Change): Call[] {
  const by = (signal: Change['signal']): number => (change?.signal === signal ? change.factor : 1);
  const calls: Call[] = [];
  for (let at = from, i = (from - start) / 60_000; at < to; at += 60_000, i++)
    calls.push({
      at: at + 3_000,
      session: i % 3 === 2 ? '' : `${tag}-${Math.floor(i / 3)}`,
      id: `${tag}-${i}`,
      duration: 0.5 * 40 ** spread(i, 1) * by('latency'),
      cost: 0.001 * 10 ** spread(i, 3) * by('cost'),
      score: 1 - 0.8 * spread(i, 5) ** (4 / by('score:helpful')),
      isOverridden: spread(i, 7) < 0.03 * by('override'),
    });
  return calls;
}

async function play(tag: string, from: number, to: number, change?: Change): Promise<void> {
  const calls = callsOf(tag, from, to, change);
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, -1).replace('T', ' ');
  await engine.writer.insert({
    table: 'routescope.calls',
    values: calls.map(({ at, session, id, duration, cost }) => ({
      ...{ trace_id: id, call_id: id, started_at: time(at), duration_s: duration, environment: 'prod', tag },
      ...{ session_id: session, first_model: 'small', final_model: 'small', cost_usd: cost.toFixed(9) },
      ...{ outcome: 'accepted', checked: true, attempt_count: 1, prompt_version: change ? 'h2' : 'h1' },
    })),
    format: 'JSONEachRow',
  });
  await engine.writer.insert({
    table: 'routescope.scores',
    values: calls.flatMap(({ at, session, id, score, isOverridden }) => {
      const of = { environment: 'prod', tag, model: 'small', session_id: session, call_id: id };
      const row = (name: string, value: number | null) => ({
        ...{ ...of, name, value, call_started_at: time(at), scored_at: time(at + 5_000) },
      });
      return [row('helpful', score), row('shown', null), ...(isOverridden ? [row('human_override', 1)] : [])];
    }),
    format: 'JSONEachRow',
  });
}

/** One look at each signal, when its turn comes. */
async function lookAt(some: readonly (typeof signals)[number][], now: number): Promise<void> {
  const first = Math.floor(now / 60_000 / signals.length) * signals.length;
  for (const signal of some) await watch.look((first + signals.indexOf(signal) + 1) * 60_000);
}

const told = async (): Promise<Alarm[]> =>
  (
    (await storeOf(engine).ask(
      "SELECT details FROM routescope.events FINAL WHERE kind = 'alarm' ORDER BY at, id",
      {},
    )) as {
      details: string;
    }[]
  ).map(({ details }) => JSON.parse(details) as Alarm);

const limits = async (): Promise<Map<string, number>> =>
  new Map(
    (
      (await storeOf(engine).ask(
        "SELECT signal, limit FROM routescope.drift_limits WHERE tag = 'steady' ORDER BY since",
        {},
      )) as {
        signal: string;
        limit: number;
      }[]
    ).map(({ signal, limit }) => [signal, limit]),
  );

const began = start + 8 * day;
const changes: readonly Change[] = [
  { signal: 'latency', factor: 1.6 },
  { signal: 'cost', factor: 2 },
  { signal: 'score:helpful', factor: 3 },
  { signal: 'override', factor: 5 },
];

beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  await Promise.all(['steady', ...signals].map((tag) => play(tag, start, began)));
  watch = startWatch(engine, { everySeconds: 0, pause: async () => {} }, (line) => log.push(line));
});
afterAll(async () => {
  await watch.close();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

test('limits are frozen on the first days, some are beyond them, and they do not move', async () => {
  await watch.look(start + 3 * day);
  const frozen = await limits();
  expect([...frozen.keys()].sort()).toEqual([...signals]);
  const rows = (await storeOf(engine).ask(
    "SELECT signal, sum(fallbacks) / sum(units) AS rate FROM routescope.units_1m WHERE tag = 'steady' AND day < '2026-10-23' GROUP BY signal",
    {},
  )) as { signal: string; rate: number }[];
  for (const { signal, rate } of rows.filter(({ signal }) => signal !== 'fallback')) {
    expect(rate, signal).toBeGreaterThan(0.03);
    expect(rate, signal).toBeLessThan(0.11);
  }
  for (const signal of signals) {
    const values = unitsOf(callsOf('steady', start, start + 3 * day), signal).map((unit) =>
      Math[isLow(signal) ? 'min' : 'max'](...unit.map(({ value }) => value)),
    );
    expect(frozen.get(signal), signal).toBeCloseTo(limitAmong(values, isLow(signal), defaultSettings.wobble), 12);
  }
  const { ask, write } = storeOf(engine);
  expect(await freezeLimits(ask, write, start + 7 * day, 0.1)).toEqual([]);
});

type Name = (typeof signals)[number];
const isLow = (signal: Name): boolean => signal === 'score:helpful';

/** What each unit's calls were like, in their order; a session is one for each of its days, its cost as it grows. */
function unitsOf(calls: readonly Call[], signal: Name): { readonly at: number; readonly value: number }[][] {
  const units = new Map<string, { at: number; value: number }[]>();
  for (const call of calls) {
    const key = JSON.stringify([call.session || [call.id], Math.floor(call.at / day)]);
    const unit = units.get(key) ?? [];
    units.set(key, unit);
    const spent = (unit.at(-1)?.value ?? 0) + Number(call.cost.toFixed(9));
    const { duration: latency, score, isOverridden } = call;
    const value = { latency, cost: spent, override: Number(isOverridden), 'score:helpful': score }[signal];
    // A verdict counts when it was given.
    units.get(key)?.push({ at: signal === 'override' ? call.at + 5_000 : call.at, value });
  }
  return [...units.values()];
}

/** A unit is tried at its first call, and goes wrong at the first call beyond the limit. */
const beyond = (calls: readonly Call[], signal: Name, limit: number): MinuteRow[] =>
  unitsOf(calls, signal).flatMap((unit) => {
    const wrong = unit.find(({ value }) => (isLow(signal) ? value < limit : value > limit));
    const row = ({ at }: { at: number }, units: number, fallbacks: number): MinuteRow => ({
      ...{ minute: Math.floor(at / 60_000), units, fallbacks },
    });
    return [row(unit[0] as { at: number }, 1, 0), ...(wrong ? [row(wrong, 0, 1)] : [])];
  });

test('what SQL counts its twin counts, and the evidence is the same to 1e-9', async () => {
  const now = (began - 3 * hour) / 60_000;
  const calls = callsOf('steady', start, now * 60_000);
  const frozen = await limits();
  for (const signal of signals) {
    const counts = countsOf(beyond(calls, signal, frozen.get(signal) as number), now);
    const rows = await readDrift(storeOf(engine).ask, parametersOf(defaultSettings, signal), now * 60_000);
    expect(rows).toHaveLength(2 * 5);
    for (const row of rows.filter(({ tag }) => tag === 'steady')) {
      const direction = row.question === 'rise' ? 1 : -1;
      const { minutes } = createJudge({
        counts,
        markers: [],
        monitorFrom: (start + 3 * day) / 60_000,
        pinnedUnits: 0,
        pinnedFallbacks: 0,
        multiples: multiplesOf(defaultSettings).map((multiple) => multiple ** direction),
        tolerance: (1 + defaultSettings.wobble) ** direction,
      }).evidence(now);
      expect(Math.abs(row.evidence_minutes / minutes - 1), `${signal} ${row.question}`).toBeLessThan(1e-9);
    }
  }
});

test('each change is told as what it is, and nothing else is', async () => {
  await Promise.all([
    play('steady', began, began + 2 * day),
    ...changes.map((change) => play(change.signal, began, began + 8 * hour, change)),
  ]);
  await lookAt(signals, began + 6 * hour);
  const alarms = await told();
  expect(alarms.map(({ signal, tag, direction }) => [signal, tag, direction]).sort()).toEqual(
    signals.map((signal) => [signal, signal, 'rise']),
  );
  const of = (signal: string): Alarm => alarms.find((alarm) => alarm.signal === signal) as Alarm;
  expect(of('latency')).toMatchObject({
    alert: 'latency_drift',
    limit: (await limits()).get('latency'),
    release: { what: 'prompt_version', version: 'h2' },
    suspect: { dimension: 'prompt_version', value: 'h2', is_new: true },
    extra_cost_usd_per_day: null,
  });
  expect(of('latency').links['traces']).toHaveLength(3);
  expect(of('cost').extra_cost_usd_per_day).toBeGreaterThan(0);
  expect(
    log
      .filter((line) => line.startsWith('drift, '))
      .map((line) => line.replace(/^drift, |: .*/gs, ''))
      .sort(),
  ).toEqual(alarms.map(({ signal, severity }) => `${signal}, ${severity}, opened`).sort());
  const texts = alarms.map(({ text }) => text).join('\n');
  for (const what of [
    /latency · small · prod: share of sessions and calls slower than \d+\.?\d* s is up/,
    /share of sessions and calls dearer than 0\.0\d+ USD is up/,
    /share of sessions and calls scored below 0\.\d+ by helpful is up/,
    /human override rate is up/,
  ])
    expect(texts).toMatch(what);
  const rates = watch.metrics.find(({ name }) => name === 'routescope_drift_rate_after')?.read();
  expect(rates).toContainEqual({
    labels: { signal: 'latency', environment: 'prod', tag: 'latency', model: 'small', direction: 'rise' },
    value: of('latency').after.fallbacks / of('latency').after.units,
  });
});

test('a replay says the same, with nothing later than the minute it judges', async () => {
  const { ask } = storeOf(engine);
  for (const { signal } of changes) {
    const histories = await storedHistories(ask, signal);
    const replayed = histories.map((history) => ({
      tag: history.tag,
      alarms: backtest(history, {
        settings: settingsFor(defaultSettings, signal, signals.length),
        share: 1 / 5,
        from: (start + 4 * day) / 60_000,
        until: (began + 6 * hour) / 60_000,
        staticLimit: 0.5,
      }).drift,
    }));
    expect(
      replayed.filter(({ alarms }) => alarms.length > 0).map(({ tag }) => tag),
      signal,
    ).toEqual([signal]);
  }
});

test('the way back closes them, and an acceptance only that signal, for which a new limit is learned', async () => {
  const { write, ask } = storeOf(engine);
  const at = began + 7 * hour;
  await write([{ id: 'a', kind: 'accept', at: new Date(at).toISOString(), signal: 'cost', tag: 'cost' }]);
  await watch.look(at + 2 * 60_000);
  expect((await told()).filter(({ state }) => state !== 'opened')).toMatchObject([
    { signal: 'cost', state: 'accepted' },
  ]);
  for (const change of changes)
    await play(change.signal, began + 8 * hour, began + 2 * day, change.signal === 'cost' ? change : undefined);
  await lookAt(['latency', 'score:helpful'], began + day + 8 * hour);
  expect(
    (await told())
      .filter(({ state }) => state === 'recovered')
      .map(({ signal }) => signal)
      .sort(),
  ).toEqual(['latency', 'score:helpful']);
  const [old, fresh] = (await ask(
    "SELECT limit, toUnixTimestamp(since) * 1000 AS since FROM routescope.drift_limits WHERE signal = 'cost' AND tag = 'cost' ORDER BY since",
    {},
  )) as { limit: number; since: number }[];
  expect(Number(fresh?.since)).toBe(began);
  expect(fresh?.limit).toBeGreaterThan(1.5 * (old?.limit as number));
  await lookAt(['cost'], began + 2 * day - hour);
  expect(await told()).toHaveLength(7);
});
