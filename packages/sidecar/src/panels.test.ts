/** The panels' and alerts' SQL on the real tables: empty, and seeded with calls whose numbers are known by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoreNames } from '@routescope/conventions';
import {
  type Alert,
  type Ask,
  alerts,
  type Panel,
  panels,
  parametersOf,
  readAlert,
  readPanel,
  reported,
  sqlOf,
} from '@routescope/panels';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from './api/guard.ts';
import { report } from './cli/report.ts';
import type { Engine } from './engine/engine.ts';
import { migrate } from './engine/migrate.ts';
import { openEngine } from './engine/supervise.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-panels-'));
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const ask: Ask = async (query, query_params) =>
  (await engine.reader.query({ query, query_params, format: 'JSONEachRow' })).json();

async function columnsOf(definition: Panel | Alert, parameters: Record<string, unknown>): Promise<[string, string][]> {
  const result = await engine.reader.query({ query: sqlOf(definition), query_params: parameters, format: 'JSON' });
  return ((await result.json()).meta ?? []).map(({ name, type }) => [name, type]);
}

function panel(id: string): Panel {
  const found = panels.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no panel ${id}`);
  return found;
}

const noon = Date.parse('2026-11-10T12:00:00Z');
const afternoon = { from: noon, to: noon + 2 * 3_600_000 };

const isTrace = ({ visual }: Panel): boolean => visual === 'trace';

describe.each(panels.filter((each) => !isTrace(each)))('panel $id', (definition) => {
  test('gives time, its keys and its columns, with the types it declares', async () => {
    const columns = await columnsOf(definition, parametersOf(definition, afternoon));
    const texts = columns.slice(1, 1 + definition.keys.length);
    expect(columns[0]).toEqual(['time', expect.stringMatching(/^DateTime/)]);
    expect(texts).toEqual(definition.keys.map((key) => [key, expect.stringMatching(/String\)?$/)]));
    expect(columns.slice(1 + texts.length)).toEqual(definition.columns.map((column) => [column.name, column.type]));
  });

  test('has no rows while the store is empty', async () => {
    expect(await readPanel(ask, definition, afternoon)).toEqual([]);
  });

  test('passes the guard of the query endpoint', () => {
    expect(refusal(sqlOf(definition))).toBeUndefined();
  });
});

test('the report of an empty store says for each panel what is missing', async () => {
  const lines: string[] = [];
  await report(ask, { json: false, color: false, now: afternoon.to }, (text) => lines.push(text));
  const text = lines.join('\n').replaceAll(/\n\s*/g, ' ');
  for (const { question, empty } of reported) {
    expect(text).toContain(question);
    expect(text).toContain(`not enough data: ${empty}`);
  }
});

test.each(alerts)('the alert $id is silent while the store is empty', async (alert) => {
  expect(await readAlert(ask, alert, noon)).toEqual([]);
  expect(refusal(sqlOf(alert))).toBeUndefined();
});

describe('a thousand routed calls and a hundred observed ones', () => {
  beforeAll(async () => {
    // 1,000 calls in 250 sessions over two hours, all checked; 80 rejected first answers, 50 providers' failures.
    await engine.writer.command({
      query: `INSERT INTO routescope.calls
        (trace_id, call_id, started_at, tag, session_id, duration_s, cost_usd, baseline_cost_usd, checked, outcome,
         first_tier, first_tier_rank, final_tier, final_tier_rank, fallback_count, failover_count, attempt_count)
        SELECT hex(number), hex(number), toDateTime64('2026-11-10 12:00:00', 6, 'UTC') + intDiv(number, 500) * 3600 + number % 500,
          'triage', toString(number % 250), if(number < 80, 2, 0.5), toDecimal64('0.002000000001', 12), toDecimal64('0.01', 12), true, 'accepted',
          'small', 0, if(number < 80, 'frontier', 'small'), if(number < 80, 1, 0), number < 80, number >= 80 AND number < 130, 1
        FROM numbers(1000)`,
    });
    // 100 calls of a client without a route, to a model without a price.
    await engine.writer.command({
      query: `INSERT INTO routescope.calls (trace_id, call_id, started_at, tag, session_id, duration_s, checked, outcome, attempt_count)
        SELECT hex(number), concat('o', hex(number)), toDateTime64('2026-11-10 12:30:00', 6, 'UTC') + number, 'draft', 'one', 1, false, 'accepted', 1
        FROM numbers(100)`,
    });
    const score = (name: string, value: string, calls: string, at: string): Promise<unknown> =>
      engine.writer.command({
        query: `INSERT INTO routescope.scores (tag, tier, call_id, call_started_at, name, value, scorer, scored_at)
          SELECT 'triage', 'small', hex(number), toDateTime64('2026-11-10 12:00:00', 6, 'UTC') + number, '${name}', ${value}, 'judge', toDateTime64('${at}', 6, 'UTC')
          FROM numbers(1000) WHERE ${calls}`,
      });
    await score('helpful', '0.5', 'number < 20', '2026-11-12 09:00:00');
    await score('helpful', '1', 'number < 10', '2026-11-13 09:00:00');
    await score('helpful', 'NULL', 'number BETWEEN 20 AND 29', '2026-11-13 09:00:00');
    await score(scoreNames.shown, '1', 'number < 40', '2026-11-10 13:00:00');
    await score(scoreNames.override, '1', 'number BETWEEN 35 AND 44', '2026-11-10 14:00:00');
    await score(scoreNames.override, '0', 'number = 0', '2026-11-10 14:00:00');
  });

  const read = async (id: string): Promise<unknown> =>
    (await readPanel(ask, panel(id), afternoon)).map(({ time, ...row }) => row);

  test('give a fallback rate of exactly 0.080 of the checked, and the failures in a series of their own', async () => {
    expect(await read('fallback_rate')).toEqual([
      { tag: 'draft', fallback_rate: null, fallbacks: 0, checked_calls: 0, failover_rate: 0, failovers: 0, calls: 100 },
      {
        tag: 'triage',
        fallback_rate: 0.08,
        fallbacks: 80,
        checked_calls: 1000,
        failover_rate: 0.05,
        failovers: 50,
        calls: 1000,
      },
    ]);
  });

  test('cost their sum over their sessions, and an unknown cost is null', async () => {
    expect(await read('cost_per_session')).toEqual([
      {
        tag: 'draft',
        cost_per_session_usd: null,
        sessions: 1,
        session_cost_usd: null,
        session_priced_calls: 0,
        session_calls: 100,
      },
      {
        tag: 'triage',
        cost_per_session_usd: 2.000000001 / 250,
        sessions: 250,
        session_cost_usd: 2.000000001,
        session_priced_calls: 1000,
        session_calls: 1000,
      },
    ]);
  });

  test('are scored by the latest word of each scorer', async () => {
    expect(await read('score_per_tag')).toEqual([
      { tag: 'triage', score_name: 'helpful', mean_score: 0.75, scores: 20 },
    ]);
  });

  test('are overridden as a share of what a human saw', async () => {
    expect(await read('human_override_rate')).toEqual([
      { tag: 'triage', human_override_rate: 10 / 45, overridden_calls: 10, shown_calls: 45 },
    ]);
  });

  test('save what they cost less than the baseline, where both are known', async () => {
    expect(await read('savings')).toEqual([
      {
        saved_share: expect.closeTo(0.7999999999, 12),
        saved_usd: 7.999999999,
        cost_usd: 2.000000001,
        baseline_cost_usd: 10,
        compared_share: 1000 / 1100,
        compared_calls: 1000,
        calls: 1100,
      },
    ]);
  });

  test('take their time and their share by the tier that served them, lowest first', async () => {
    expect(await read('latency_per_tier')).toEqual([
      { tier: 'small', p50_s: 0.5, p95_s: 0.5, p99_s: 0.5, calls: 920 },
      { tier: 'frontier', p50_s: 2, p95_s: 2, p99_s: 2, calls: 80 },
      { tier: '', p50_s: 1, p95_s: 1, p99_s: 1, calls: 100 },
    ]);
    expect(await read('routing_distribution')).toEqual([
      { tier: 'small', call_share: 920 / 1100, tier_calls: 920, calls: 1100 },
      { tier: 'frontier', call_share: 80 / 1100, tier_calls: 80, calls: 1100 },
      { tier: '', call_share: 100 / 1100, tier_calls: 100, calls: 1100 },
    ]);
  });

  test('are one point an hour when asked by the hour, from the start of the range', async () => {
    const rows = await readPanel(ask, panel('fallback_rate'), { ...afternoon, stepSeconds: 3_600 });
    expect(
      rows.filter((row) => row['tag'] === 'triage').map((row) => [row['time'], row['fallbacks'], row['calls']]),
    ).toEqual([
      ['2026-11-10 12:00:00', 80, 500],
      ['2026-11-10 13:00:00', 0, 500],
    ]);
  });

  test('are the same numbers in the report as JSON', async () => {
    let said = '';
    const options = { from: '2026-11-10T12:00:00Z', to: '2026-11-10T14:00:00Z', json: true, color: false };
    await report(ask, options, (text) => {
      said += text;
    });
    const expected = await Promise.all(
      reported.map(async ({ id }) => [id, await readPanel(ask, panel(id), afternoon)]),
    );
    expect(JSON.parse(said)).toEqual({
      from: '2026-11-10T12:00:00.000Z',
      to: '2026-11-10T14:00:00.000Z',
      panels: Object.fromEntries(expected),
    });
  });

  test('are found by a report that was asked weeks later', async () => {
    const lines: string[] = [];
    await report(ask, { json: false, color: false, now: Date.parse('2026-12-24T00:00:00Z') }, (text) =>
      lines.push(text),
    );
    expect(lines.join('\n')).toContain('The newest call is of 2026-11-10 13:08');
    expect(lines.join('\n')).toContain('80');
  });
});

describe('the fallback-spike alert', () => {
  const now = Date.parse('2026-10-20T00:00:00Z');
  const alert = alerts.find(({ id }) => id === 'fallback_spike') as Alert;

  /** `perDay` checked calls at 2 %, the last `hours` of the ten days at `percent` %. */
  const seed = (tag: string, perDay: number, hours: number, percent: number): Promise<unknown> =>
    engine.writer.command({
      query: `INSERT INTO routescope.calls (call_id, started_at, tag, checked, fallback_count, failover_count, attempt_count)
        WITH toDateTime64('2026-10-20 00:00:00', 6, 'UTC') - (number + 1) * 86400 / {perDay:UInt32} AS at
        SELECT hex(number), at, {tag:String}, true, number % 100 < if(number < {perDay:UInt32} * {hours:UInt32} / 24, {percent:UInt32}, 2), number % 2, 1
        FROM numbers({perDay:UInt32} * 10)`,
      query_params: { tag, perDay, hours, percent },
    });

  beforeAll(async () => {
    await seed('drifting', 300, 24, 8);
    await seed('drifting, quiet', 100, 48, 8);
    await seed('steady', 300, 24, 2);
    await seed('wobbling', 300, 24, 3);
    await seed('thin', 10, 24, 100);
    await seed('busy', 7_200, 1, 8);
    await engine.writer.command({
      query: `INSERT INTO routescope.calls (call_id, started_at, tag, checked, attempt_count)
        SELECT hex(number), toDateTime64('2026-10-19 00:00:00', 6, 'UTC') + number, 'never checked', false, 1 FROM numbers(1000)`,
    });
  });

  test('gives one row per tag with exactly one number', async () => {
    expect(await columnsOf(alert, { to: now / 1_000 })).toEqual([
      ['tag', 'LowCardinality(String)'],
      ['value', 'Float64'],
    ]);
    const rows = await readAlert(ask, alert, now);
    expect(rows.map((row) => row['tag'])).toEqual([
      'busy',
      'drifting',
      'drifting, quiet',
      'steady',
      'thin',
      'wobbling',
    ]);
  });

  test('fires for the tags whose rate rose beyond chance, alone, and says by how much', async () => {
    const firing = (await readAlert(ask, alert, now)).filter((row) => Number(row['value']) > alert.above);
    expect(firing).toEqual([
      { tag: 'busy', value: expect.closeTo(0.06, 2) },
      { tag: 'drifting', value: expect.closeTo(0.06, 2) },
      { tag: 'drifting, quiet', value: expect.closeTo(0.04, 2) },
    ]);
  });

  test('ends when the rate has come back', async () => {
    await engine.writer.command({
      query: `INSERT INTO routescope.calls (call_id, started_at, tag, checked, fallback_count, attempt_count)
        SELECT hex(number), toDateTime64('2026-10-20 00:00:00', 6, 'UTC') + number * 288, 'drifting', true, number % 100 < 2, 1
        FROM numbers(1500)`,
    });
    const [row] = (await readAlert(ask, alert, now + 5 * 86_400_000)).filter(({ tag }) => tag === 'drifting');
    expect(Number(row?.['value'])).toBeLessThan(alert.until);
  });

  test('was silent before the rise', async () => {
    const before = await readAlert(ask, alert, now - 2 * 86_400_000);
    expect(before.every((row) => row['value'] === 0)).toBe(true);
  });
});

test('a split of sessions over arms that is not even is told from chance', async () => {
  const day = Date.parse('2026-12-01T00:00:00Z');
  const play = (experiment: string, arm: string): Promise<unknown> =>
    engine.writer.command({
      query: `INSERT INTO routescope.calls (trace_id, call_id, started_at, session_id, experiment, arm)
        SELECT concat({experiment:String}, toString(number)) AS id, id, toDateTime({at:UInt32}), concat({experiment:String}, toString(intDiv(number, 3))),
          {experiment:String}, if(${arm}, 'a', 'b') FROM numbers(3000)`,
      query_params: { experiment, at: day / 1_000 },
    });
  await play('even', 'intDiv(number, 3) % 2 = 0');
  await play('planted 60/40', 'intDiv(number, 3) % 10 < 6');
  const rows = await readPanel(ask, panel('experiments'), { from: day, to: day + 60_000 });
  expect(
    rows.map(({ experiment, arm, arm_share, arm_sessions }) => [experiment, arm, arm_share, arm_sessions]),
  ).toEqual([
    ['even', 'a', 0.5, 500],
    ['even', 'b', 0.5, 500],
    ['planted 60/40', 'a', 0.6, 600],
    ['planted 60/40', 'b', 0.4, 400],
  ]);
  expect(rows[0]?.['split_chance']).toBe(1);
  expect(Number(rows[2]?.['split_chance'])).toBeLessThan(1e-9);
});
