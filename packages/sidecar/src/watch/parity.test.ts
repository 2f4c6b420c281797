/** The SQL and its twin give the same evidence to 1e-9, on one file of buckets, however the rows came in. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ask, type DriftRow, driftSql, readDrift } from '@routescope/panels';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { refusal } from '../api/guard.ts';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import { countsOf, type MinuteRow, type Period } from './counts.ts';
import { markersOf } from './markers.ts';
import { createJudge } from './replay.ts';
import { defaultSettings, multiplesOf, parametersOf } from './settings.ts';
import { settle } from './settle.ts';

interface Bucket extends MinuteRow {
  readonly tag: string;
}

/** Four tags over 27 days, made by test/bench/drift: a step, dispersion and a daily cycle, gaps, a pinned baseline. */
const buckets = readFileSync(new URL('../../../../test/golden/drift/buckets.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Bucket);
const end = Math.max(...buckets.map(({ minute }) => minute)) + 1;
const bySession = 'stepped';

// A dozen looks of a second or two each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-parity-'));
let engine: Engine;
const ask: Ask = async (query, query_params) =>
  (await engine.reader.query({ query, query_params, format: 'JSONEachRow' })).json();
const parameters = parametersOf(defaultSettings);
const iso = (minute: number): string => new Date(minute * 60_000).toISOString().replace('T', ' ').replace('Z', '');

/** One row of `calls` per unit; the tag told by session has two calls per session, the second alone falls back. */
function calls(): object[] {
  return buckets.flatMap(({ tag, minute, units, fallbacks }) =>
    Array.from({ length: units }, (_, i) => {
      const session = tag === bySession ? `${minute}-${i}` : '';
      const call = (second: number, fallback: boolean): object => ({
        call_id: `${tag}-${minute}-${i}-${second}`,
        started_at: `${iso(minute).slice(0, 17)}${String(second).padStart(2, '0')}.5`,
        environment: 'prod',
        tag,
        first_model: 'small',
        session_id: session,
        checked: true,
        fallback_count: fallback ? 1 : 0,
        attempt_count: 1,
        cost_usd: tag === bySession ? '0.001' : '0.002',
        prompt_version: minute >= release ? 'h2' : 'h1',
      });
      const fell = i < fallbacks;
      return session ? [call(10, false), call(40, fell)] : [call(20, fell)];
    }).flat(),
  );
}
const release = end - 3 * 1_440 - 100;

async function insert(rows: readonly object[]): Promise<void> {
  await engine.writer.insert({ table: 'routescope.calls', values: rows, format: 'JSONEachRow' });
}

async function say(kind: string, at: number, more: Record<string, unknown>): Promise<void> {
  await engine.writer.insert({
    table: 'routescope.events',
    values: [{ id: `${kind}-${at}`, kind, at: iso(at), ...more }],
    format: 'JSONEachRow',
  });
}

let late: readonly object[] = [];
beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  const rows = calls();
  // Eight replicas, each its own inserts; one call in twenty comes when the days are long settled.
  late = rows.filter((_, i) => i % 20 === 7);
  const punctual = rows.filter((_, i) => i % 20 !== 7);
  for (let replica = 0; replica < 8; replica++) await insert(punctual.filter((_, i) => i % 8 === replica));
  await say('pin', end - 20_000, { tag: 'pinned', numbers: { units: 3_000, fallbacks: 90 } });
  await say('deploy', end - 5_000, { tag: 'cyclic', name: 'v7' });
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The twin's answer to the question of a row. */
function twin(row: DriftRow, now: number, changes: Partial<{ excluded: readonly Period[]; monitorFrom: number }> = {}) {
  const direction = row.question === 'rise' ? 1 : -1;
  const rows = buckets.filter(({ tag }) => tag === row.tag);
  const minutes = [release, ...(row.tag === 'cyclic' ? [end - 5_000] : [])].map((minute) => {
    const first = rows.find((each) => each.minute >= minute && each.units > 0)?.minute ?? minute;
    return minute === release ? first : minute;
  });
  const pinned = row.tag === 'pinned' && now > end - 20_000;
  return createJudge({
    counts: countsOf(rows, now, changes.excluded),
    markers: markersOf(
      minutes.filter((minute) => minute < now).map((at) => ({ at })),
      row.threshold_minutes,
    ),
    monitorFrom: changes.monitorFrom ?? 0,
    pinnedUnits: pinned ? 3_000 : 0,
    pinnedFallbacks: pinned ? 90 : 0,
    multiples: multiplesOf(defaultSettings).map((multiple) => multiple ** direction),
    tolerance: (1 + defaultSettings.wobble) ** direction,
  }).evidence(now);
}

function expectSame(row: DriftRow, evidence: ReturnType<typeof twin>): void {
  expect(Math.abs(row.evidence_minutes / evidence.minutes - 1), `${row.tag} ${row.question}`).toBeLessThan(1e-9);
  const minuteOf = (time: string): number => Date.parse(`${time.replace(' ', 'T')}Z`) / 60_000;
  expect({
    began: [row.began_at, row.began_from, row.began_to].map(minuteOf),
    before: [row.units_before, row.fallbacks_before],
    after: [row.units_after, row.fallbacks_after],
  }).toEqual({
    began: [evidence.beganAt, evidence.beganFrom, evidence.beganTo],
    before: [evidence.unitsBefore, evidence.fallbacksBefore],
    after: [evidence.unitsAfter, evidence.fallbacksAfter],
  });
}

test('the statement passes the guard of the query endpoint', () => {
  expect(refusal(driftSql())).toBeUndefined();
});

test('late and settled days, replicas, releases, pins, dispersion and gaps: the same evidence to 1e-9', async () => {
  await settle(engine.writer, end * 60);
  await insert(late);
  await settle(engine.writer, end * 60);
  for (const now of [end, end - 4_111, end - 17 * 1_440 + 7]) {
    const rows = await readDrift(ask, parameters, now * 60_000);
    expect(rows.length).toBeGreaterThanOrEqual(now > end - 20_000 ? 8 : 4);
    for (const row of rows) expectSame(row, twin(row, now));
  }
  const units = new Map((await readDrift(ask, parameters, end * 60_000)).map(({ tag, unit }) => [tag, unit]));
  expect(units.get(bySession)).toBe('session');
  expect(units.get('cyclic')).toBe('call');
});

test('the step alarms, with the half hour of its release among the beginnings, and nothing else does', async () => {
  const alarms = (await readDrift(ask, parameters, end * 60_000)).filter(({ alarm }) => alarm === 1);
  expect(alarms.map(({ tag, question }) => [tag, question])).toEqual([[bySession, 'rise']]);
  expect(alarms[0]?.rate_after).toBeGreaterThan(2 * (alarms[0]?.rate_before ?? 1));
});

test('an open alarm is asked whether it is over, against its own incident', async () => {
  const [row] = (await readDrift(ask, parameters, end * 60_000)).filter(({ alarm }) => alarm === 1) as [DriftRow];
  const since = Date.parse(`${row.began_at.replace(' ', 'T')}Z`) / 60_000;
  const opened = end - 1_000;
  await say('alarm', opened, {
    tag: bySession,
    model: 'small',
    environment: 'prod',
    name: 'rise',
    state: 'opened',
    since: iso(since),
  });
  const rows = await readDrift(ask, parameters, end * 60_000);
  const asked = rows.find(({ question }) => question === 'rise_recovery') as DriftRow;
  expect(rows.find(({ tag, question }) => tag === bySession && question === 'rise')?.is_open).toBe(1);
  const counts = countsOf(
    buckets.filter(({ tag }) => tag === bySession),
    end,
  );
  expectSame(
    asked,
    createJudge({
      counts,
      incidentFrom: since,
      monitorFrom: opened,
      markers: [],
      pinnedUnits: 0,
      pinnedFallbacks: 0,
      multiples: multiplesOf(defaultSettings).map((multiple) => 1 / multiple),
      tolerance: 1 / (1 + defaultSettings.wobble),
    }).evidence(end),
  );
  expect(asked.threshold_minutes).toBe(row.threshold_minutes);
});

test('an incident that is over never enters the baseline, and a new one is looked for after it', async () => {
  const from = Math.floor((end - 4_500) / 30) * 30;
  const to = Math.ceil((end - 500) / 30) * 30;
  await say('alarm', end - 500, {
    tag: bySession,
    model: 'small',
    environment: 'prod',
    name: 'rise',
    state: 'recovered',
    since: iso(from),
  });
  const rows = (await readDrift(ask, parameters, end * 60_000)).filter(({ tag }) => tag === bySession);
  expect(rows.map(({ question }) => question)).toEqual(['fall', 'rise']);
  for (const row of rows) expectSame(row, twin(row, end, { excluded: [{ from, to }], monitorFrom: end - 500 }));
});

test('a new normal begins where it was accepted', async () => {
  await say('accept', end - 200, { tag: 'cyclic', since: iso(end - 9_000) });
  const rows = (await readDrift(ask, parameters, end * 60_000)).filter(({ tag }) => tag === 'cyclic');
  const from = Math.floor((end - 9_000) / 30) * 30;
  for (const row of rows)
    expectSame(row, twin(row, end, { excluded: [{ from: 0, to: from }], monitorFrom: end - 200 }));
});
