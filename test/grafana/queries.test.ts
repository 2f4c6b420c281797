/**
 * Every query that Grafana is given (of panels, variables, annotations, rules) runs as its plugin would send it, through
 * the sidecar's query endpoint: on a store of three simulated days and the four quiet ones after them, on an empty one,
 * and on one with a column renamed.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Column, dashboards, type Panel, parametersOf, sqlOf, statement } from '@routescope/panels';
import { type Sidecar, startSidecar } from '@routescope/sidecar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { burnOf, spentBy } from '../bench/drift/burn.ts';
import { cli } from '../sidecar.ts';
import { type Asking, asStored, withAdhocFilter } from './plugin.ts';

// biome-ignore lint/suspicious/noExplicitAny: JSON as Grafana reads it
type Json = any;

const read = (file: string): string =>
  readFileSync(new URL(`../../dashboards/grafana/${file}`, import.meta.url), 'utf8');
const shown = dashboards.map((definition) => ({ definition, json: JSON.parse(read(`${definition.id}.json`)) as Json }));
const rules: Json[] = JSON.parse(read('alerts.yaml').replace(/^#.*\n/, '')).groups[0].rules;

const end = Date.parse('2026-11-20T02:00:00Z') / 1_000; // a Friday
const day = 86_400;
const hour = 3_600;
const from = end - 3 * day;
/**
 * The bound of a query. Work can be counted, time on a busy machine only guessed: rows are bounded close to what a store
 * of this size holds; seconds, by the engine's own clock, a hundred times above what a query takes (`npm run bench --
 * grafana`), of those that hold the drift detector ten times.
 */
const mostRows = 500_000;
const slowestSeconds = (sql: string): number => (sql.includes('evidence_minutes') ? 15 : 3);

const directory = mkdtempSync(join(tmpdir(), 'routescope-grafana-'));
let seeded: Sidecar;
let empty: Sidecar;
beforeAll(async () => {
  // Looks by itself at no time: it is told when, below.
  const common = { port: 0, watch: { everySeconds: 0 } };
  seeded = await startSidecar({ ...common, dataDirectory: join(directory, 'seeded') });
  empty = await startSidecar({ ...common, dataDirectory: join(directory, 'empty') });
  await simulate('--days', '3', '--calls-per-hour', '200', '--until', '2026-11-20T02:00:00Z');
  // Nobody calls for two hours; then all is well for four days.
  await simulate('--quiet', '--days', '4', '--calls-per-hour', '100', '--until', '2026-11-24T04:00:00Z');
  for (const before of [hour, 0, -2 * day, -4 * day]) await seeded.watch.look((end - before + 60) * 1_000);
}, 120_000);
afterAll(async () => {
  await Promise.all([seeded.close(), empty.close()]);
  rmSync(directory, { recursive: true, force: true });
});

const simulate = (...options: string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, [cli, 'simulate', '--url', seeded.url, '--seed', '1', ...options]);

interface Answer {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly Record<string, string | number | null>[];
  readonly statistics: { readonly elapsed: number; readonly rows_read: number };
}

/** @throws Error with what the endpoint said. */
async function ask({ url }: Sidecar, sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  const query = new URLSearchParams({ default_format: 'JSON' });
  for (const [name, value] of Object.entries(parameters))
    query.set(
      `param_${name}`,
      Array.isArray(value) ? `[${value.map((each) => `'${each}'`).join(',')}]` : String(value),
    );
  const answer = await fetch(`${url}/query?${query}`, { method: 'POST', body: sql });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Answer;
}

const all = (dashboard: Json): NonNullable<Asking['variables']> =>
  Object.fromEntries(dashboard.templating.list.map(({ name, type }: Json) => [name, type === 'query' ? 'all' : ['']]));

/** As Grafana asks a panel over the three days: its own interval where it has one, an hour else. */
function askingOf(definition: Panel, dashboard: Json, chosen: Asking['variables'] = {}): Asking {
  return {
    from,
    to: end,
    intervalSeconds: definition.stepSeconds ?? hour,
    variables: { ...all(dashboard), ...chosen },
  };
}

const everyPanel = shown.flatMap(({ definition, json }) =>
  definition.panels.map((panel, index) => ({
    name: `${definition.title}: ${panel.title}`,
    panel,
    json,
    rawSql: json.panels[index].targets[0].rawSql as string,
  })),
);

const newestTrace = async (): Promise<string> =>
  String(
    (
      await ask(
        seeded,
        'SELECT trace_id FROM routescope.calls WHERE started_at < {to:DateTime} ORDER BY started_at DESC LIMIT 1',
        { to: end },
      )
    ).data[0]?.['trace_id'],
  );

/** What a unit promises of its numbers. */
const plausible: Readonly<Record<Column['unit'], (value: number) => boolean>> = {
  share: (value) => value >= 0 && value <= 1,
  usd: (value) => value >= 0 && value < 10_000,
  s: (value) => value >= 0 && value < 3 * day,
  score: (value) => value >= -1 && value <= 1,
  count: (value) => Number.isInteger(value) && value >= 0,
  number: Number.isFinite,
};

/** The columns of Grafana's trace panel. */
const traceColumns =
  'traceID spanID parentSpanID serviceName operationName startTime duration tags serviceTags statusCode'.split(' ');

describe.each(everyPanel)('$name', ({ panel, json, rawSql }) => {
  const isOfTrace = panel.visual === 'trace' || sqlOf(panel).includes('{trace_id:');

  test('has rows of the columns, types and units it declares, soon enough', async () => {
    const chosen = isOfTrace ? { trace_id: [await newestTrace()] } : {};
    const { meta, data, statistics } = await ask(seeded, asStored(rawSql, askingOf(panel, json, chosen)));
    expect(data.length).toBeGreaterThan(0);
    expect(statistics.elapsed).toBeLessThan(slowestSeconds(rawSql));
    expect(statistics.rows_read).toBeLessThan(mostRows);
    const names = meta.map(({ name }) => name);
    if (panel.visual === 'trace') return expect(names).toEqual(traceColumns);
    expect(names).toEqual(['time', ...panel.keys, ...panel.columns.map(({ name }) => name)]);
    expect(meta[0]?.type).toMatch(/^DateTime/);
    for (const [index] of panel.keys.entries())
      expect(meta[index + 1]?.type).toMatch(/^(String|LowCardinality\(String\))$/);
    for (const [index, { type }] of panel.columns.entries())
      expect(meta[index + 1 + panel.keys.length]?.type).toBe(type);
    for (const { name, unit } of panel.columns) {
      const known = data
        .map((row) => row[name])
        .filter((value) => value !== null)
        .map(Number);
      expect(
        known.filter((value) => !plausible[unit](value)),
        `${name} in ${unit}`,
      ).toEqual([]);
    }
    // The first column is what the title speaks of: it has a number somewhere.
    expect(data.some((row) => row[panel.columns[0]?.name as string] !== null)).toBe(true);
  });

  test('gives the numbers that the report gives', async () => {
    const chosen = isOfTrace ? { trace_id: [await newestTrace()] } : {};
    const range = { from: from * 1_000, to: end * 1_000, stepSeconds: hour };
    const isOverTime = sqlOf(panel).includes('{step_s:') && rawSql.includes('toStartOfInterval(');
    // Grafana's points of a day begin at midnight, the report's with its range.
    const aligned = panel.stepSeconds
      ? { ...range, from: Math.floor(from / panel.stepSeconds) * panel.stepSeconds * 1_000 }
      : range;
    const parameters = parametersOf(panel, isOverTime ? aligned : { from: range.from, to: range.to }, chosen);
    const [ours, grafanas] = await Promise.all([
      ask(seeded, sqlOf(panel), parameters),
      ask(seeded, asStored(rawSql, askingOf(panel, json, chosen))),
    ]);
    // A digest's percentiles depend a little on the order in which its parts were merged.
    const digests = ours.meta.filter(({ type }) => type === 'Float32').map(({ name }) => name);
    const exact = ({ data }: Answer): unknown[] =>
      data.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !digests.includes(name))));
    expect(exact(grafanas)).toEqual(exact(ours));
    for (const name of digests)
      for (const [index, row] of ours.data.entries())
        expect(Number(grafanas.data[index]?.[name]) / Number(row[name])).toBeCloseTo(1, 1);
  });

  test('can be narrowed down to one environment and one tag', async () => {
    const chosen = { environment: ['simulated'], tag: ['synthesize-answer', "o'clock"], trace_id: ['none'] };
    const { data } = await ask(seeded, asStored(rawSql, askingOf(panel, json, chosen)));
    if (panel.keys.includes('tag') && !isOfTrace)
      for (const row of data) expect(['synthesize-answer', '']).toContain(row['tag']); // an event may be of all tags
  });

  test('has no rows and no error while the store is empty, and a text that says what is missing', async () => {
    const { data } = await ask(empty, asStored(rawSql, askingOf(panel, json)));
    expect(data).toEqual([]);
    const drawn = json.panels.find(({ description }: Json) => description === panel.question);
    expect(drawn.fieldConfig.defaults.noValue).toBe(panel.empty);
  });
});

describe.each(shown)('$definition.title', ({ definition, json }) => {
  const asking = { from, to: end, intervalSeconds: hour, variables: all(json) };

  test('has values to choose from in every variable', async () => {
    for (const { name, type, query } of json.templating.list) {
      if (type !== 'query') continue;
      const sql = asStored(query.rawSql, asking);
      const { meta, data } = await ask(seeded, sql);
      expect(
        meta.map((column) => column.name),
        name,
      ).toEqual(['value', 'text']);
      expect(data.length, name).toBeGreaterThan(0);
      expect((await ask(empty, sql)).data, name).toEqual([]);
    }
  });

  test('takes ad-hoc filters: offers columns with values, and every query that reads their table takes one', async () => {
    const { query } = json.templating.list.find(({ name }: Json) => name === 'clickhouse_adhoc_query');
    const { meta, data } = await ask(seeded, query);
    expect(meta.map(({ name }) => name)).toEqual(expect.arrayContaining(['environment', 'tag']));
    expect(new Set(data.map((row) => row['tag'])).size).toBeGreaterThanOrEqual(6);
    expect(data.length).toBeLessThan(1_000);
    const table = /FROM (\S+)/.exec(query)?.[1] as string;
    let filtered = 0;
    for (const [index, panel] of definition.panels.entries()) {
      const sql = asStored(json.panels[index].targets[0].rawSql, askingOf(panel, json, { trace_id: ['none'] }));
      const one = withAdhocFilter(sql, table, 'tag', 'next-step');
      if (one === sql || sql.includes('threshold')) continue; // the detector's query reads every table there is
      filtered++;
      const { data: rows } = await ask(seeded, one);
      const isOfTable = [...sql.matchAll(/(?:FROM|JOIN) (routescope\.\w+)/g)].every(([, read]) => read === table);
      if (panel.keys.includes('tag') && isOfTable)
        expect(new Set(rows.map((row) => row['tag'])), panel.title).toEqual(new Set(['next-step']));
      expect(
        (await ask(seeded, withAdhocFilter(sql, table, 'tag', "o'clock"))).data.filter(
          (row) => row['tag'] === 'next-step' && isOfTable,
        ),
      ).toEqual([]);
    }
    expect(filtered).toBeGreaterThan(1);
  });

  test('has annotations at the times of the changes', async () => {
    const titles: unknown[] = [];
    for (const { name, target } of json.annotations.list) {
      const sql = asStored(target.rawSql, asking);
      const { meta, data } = await ask(seeded, sql);
      expect(meta.map((column) => column.name)).toEqual(['time', 'title', 'text', 'tags']);
      expect(meta[0]?.type).toMatch(/^DateTime/);
      titles.push([name, data.map((row) => row['title'])]);
      expect((await ask(empty, sql)).data, name).toEqual([]);
    }
    expect(titles).toEqual([
      ['Route-table changes', ['v2']],
      ['Deploys', ['1.5.0', '1.6.0']],
      ['Price changes', ['gpt-4o']],
      ...(definition.alarms
        ? [
            [
              'Alarms and decisions',
              [
                'silenced: critique-draft',
                'rise opened: rewrite-query',
                'score:recall-gain rise opened: rewrite-query',
              ],
            ],
          ]
        : []),
    ]);
  });
});

test('what happened is told without the notes the watch keeps for itself', async () => {
  const panel = everyPanel.find(({ panel: { id } }) => id === 'happenings');
  if (!panel) throw new Error('there is no panel happenings');
  const { data } = await ask(
    seeded,
    asStored(panel.rawSql, { ...askingOf(panel.panel, panel.json), to: end + 4 * day }),
  );
  expect([...new Set(data.map((row) => row['kind']))].sort()).toEqual([
    'alarm',
    'breaker',
    'budget',
    'deploy',
    'price',
    'route_table',
    'silence',
  ]);
  expect(data.filter((row) => row['kind'] === 'alarm').map((row) => row['state'])).toEqual([
    'recovered',
    'opened',
    'opened',
  ]);
});

/** When each alert fires, for what, and when it is over; seconds before the end of the three days. */
const drifting = Math.round(0.3 * 3 * day);
const wednesday = (clock: number): number => end - Date.parse('2026-11-18T00:00:00Z') / 1_000 - clock * hour;
const tuesday = (clock: number): number => wednesday(clock) + day;
const expected: Readonly<Record<string, { quiet: number; fires: number; for: readonly string[]; over: number }>> = {
  fallback_drift: { quiet: drifting, fires: 0, for: ['rewrite-query'], over: -2.1 * day },
  fallback_spike: { quiet: drifting, fires: 0, for: ['rewrite-query'], over: -3.2 * day },
  provider_failures_now: { quiet: wednesday(14), fires: wednesday(14.5), for: ['anthropic'], over: wednesday(15.5) },
  score_drop: { quiet: drifting, fires: 0, for: ['rewrite-query'], over: -2 * day },
  override_rise: { quiet: tuesday(14), fires: tuesday(20), for: ['synthesize-answer'], over: wednesday(22) },
  latency_rise: { quiet: wednesday(14), fires: wednesday(14.75), for: ['frontier'], over: wednesday(16) },
  cost_burn: { quiet: wednesday(8), fires: wednesday(11), for: ['synthesize-answer'], over: wednesday(18) },
  budget_exceeded: { quiet: wednesday(9.9), fires: wednesday(10.1), for: ['answers per day'], over: wednesday(34.1) },
  distribution_shift: {
    quiet: wednesday(14),
    fires: wednesday(14.75),
    for: ['classify-intent', 'critique-draft'],
    over: wednesday(16),
  },
  telemetry_absent: { quiet: 0, fires: -1.75 * hour, for: ['simulated'], over: -3 * hour },
};

describe.each(rules)('the rule $title', ({ uid, data: [query, condition] }) => {
  const id = uid.replace('routescope-', '').replaceAll('-', '_');
  const { evaluator, unloadEvaluator } = condition.model.conditions[0];
  const at = (before: number, sidecar: Sidecar): Promise<Answer> => {
    const { from: back, to: lag } = query.relativeTimeRange;
    const now = Math.round(end - before + lag);
    return ask(sidecar, asStored(query.model.rawSql, { from: now - back, to: now - lag, intervalSeconds: 60 }));
  };
  const above = ({ data }: Answer, limit: number): unknown[] =>
    data.filter((row) => Number(row['value']) > limit).map((row) => Object.values(row)[0]);

  test('gives one row per instance, with exactly one number', async () => {
    const { meta, data, statistics } = await at(drifting, seeded);
    expect(statistics.elapsed).toBeLessThan(slowestSeconds(query.model.rawSql));
    expect(statistics.rows_read).toBeLessThan(mostRows);
    expect(meta.filter(({ type }) => !/String/.test(type))).toEqual([{ name: 'value', type: 'Float64' }]);
    const labels = data.map(({ value, ...row }) => JSON.stringify(row));
    expect(new Set(labels).size).toBe(labels.length);
    for (const { value } of data) expect(value).toEqual(expect.any(Number));
  });

  test('is quiet, fires for what it is about, and ends', async () => {
    const { quiet, fires, for: whom, over } = expected[id] as (typeof expected)[string];
    expect(above(await at(quiet, seeded), evaluator.params[0])).toEqual([]);
    expect(above(await at(fires, seeded), evaluator.params[0])).toEqual(whom);
    expect(above(await at(over, seeded), unloadEvaluator.params[0])).toEqual([]);
  });

  test('has no rows and no error while the store is empty', async () => {
    expect((await at(0, empty)).data).toEqual([]);
  });
});

describe('what is usual at this hour is no news', () => {
  const monday = Date.parse('2026-11-16T00:00:00Z') / 1_000;
  const numberOf = async (id: string, to: number, key: string, instance: string): Promise<number> => {
    const { data } = await ask(empty, statement(id), { to });
    return Number(data.find((row) => row[key] === instance)?.['value']);
  };
  /** A call a minute, by hours of a day. */
  const calls = (
    environment: string,
    dayNumber: number,
    fromHour: number,
    untilHour: number,
    cost = 1,
  ): Promise<unknown> =>
    empty.engine.writer.command({
      query:
        'INSERT INTO routescope.calls_1m (environment, tag, minute, calls, cost_usd) SELECT {environment:String}, {environment:String}, toDateTime({first:UInt32}) + 60 * number, 1, {cost:Float64} FROM numbers({minutes:UInt32})',
      query_params: {
        environment,
        first: monday + dayNumber * day + fromHour * hour,
        minutes: (untilHour - fromHour) * 60,
        cost,
      },
    });
  afterAll(() => empty.engine.writer.command({ query: 'TRUNCATE TABLE routescope.calls_1m' }));

  test('of calls that do not come: a night and a weekend are quiet, a morning without calls is not', async () => {
    for (const [each, evening] of [20, 19, 19.5, 19.25, 19].entries()) await calls('office', each, 8, evening);
    for (const each of [7, 8]) await calls('office', each, 8, 19);
    await calls('office', 9, 8, 10);
    const silenceAt = (dayNumber: number, clock: number): Promise<number> =>
      numberOf('telemetry_absent', monday + dayNumber * day + clock * hour, 'environment', 'office');
    expect(await silenceAt(4, 8)).toBe(0); // after the night to Friday
    expect(await silenceAt(5, 12)).toBe(0); // on the first Saturday
    expect(await silenceAt(7, 8)).toBe(0); // and after it
    expect(await silenceAt(8, 8)).toBe(0);
    expect(await silenceAt(9, 9)).toBeLessThanOrEqual(60);
    expect(await silenceAt(9, 10.5)).toBe(0);
    expect(await silenceAt(9, 10.6)).toBe(2_220);
    expect(await silenceAt(10, 12)).toBeGreaterThan(day);
    await calls('new', 4, 8, 10);
    expect(await numberOf('telemetry_absent', monday + 4 * day + 11 * hour, 'environment', 'new')).toBe(3_660);
  });

  test('of money: a Monday is held against working days, not against the weekend before', async () => {
    await calls('weekly', 5, 8, 20, 1);
    await calls('weekly', 6, 8, 20, 1);
    await calls('weekly', 7, 8, 20, 9);
    const risen = (dayNumber: number): Promise<number> =>
      numberOf('cost_burn', monday + dayNumber * day + 15 * hour, 'tag', 'weekly');
    expect(await risen(7)).toBe(0);
    await calls('weekly', 8, 8, 20, 27);
    expect(await risen(8)).toBeCloseTo(2);
  });

  test('of money: batches; and the rule says what the simulation of it says', async () => {
    const { at, spent } = spentBy({ callsPerHour: 100, daily: 0.5, weekend: 0.5, bursts: 2, multiple: 4 }, 3);
    await empty.engine.writer.insert({
      table: 'routescope.calls_1m',
      values: Array.from(spent.calls, (many, i) => ({
        ...{ environment: 'batches', tag: 'batches', minute: (spent.start + i) * 60, calls: many },
        cost_usd: (spent.costUsd[i] as number).toFixed(12),
      })).filter(({ calls: many }) => many > 0),
      format: 'JSONEachRow',
    });
    const simulated = burnOf(spent);
    let loud = 0;
    for (const ago of [-13.5, -12.5, -11.9, -7, -3.2, -1, 0.05, 0.1, 0.2, 0.5, 0.8, 1.4]) {
      const now = spent.start + at + Math.round(ago * 1_440);
      const told = await numberOf('cost_burn', now * 60, 'tag', 'batches');
      const value = simulated(now);
      // A rise that nobody would hear of is 0 to the simulation.
      expect(told > 0.25 ? told : 0, `${ago} days after`).toBeCloseTo(value, 6);
      if (value > 0) loud++;
    }
    expect(loud).toBeGreaterThan(1);
  });
});

test('the terminal shows every panel of a dashboard that is asked for, with rows', async () => {
  const range = ['--from', '2026-11-17T02:00:00Z', '--to', '2026-11-20T02:00:00Z'];
  for (const { id, panels } of dashboards.filter((each) => each.id === 'money')) {
    const command = [cli, 'report', '--url', seeded.url, '--dashboard', id, '--json', ...range];
    const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 16 * 1024 ** 2 });
    const rows = JSON.parse(stdout).panels as Record<string, unknown[]>;
    const told = panels.filter(({ visual, id: name }) => visual !== 'trace' && name !== 'attempts_of_trace');
    expect(Object.keys(rows)).toEqual(told.map(({ id: name }) => name));
    for (const [name, found] of Object.entries(rows)) expect(found.length, name).toBeGreaterThan(0);
  }
});

test('every metric that the rules for Prometheus speak of is on the page', async () => {
  const text = readFileSync(new URL('../../dashboards/prometheus/rules.yaml', import.meta.url), 'utf8');
  const rule: Json[] = JSON.parse(text.replace(/^#.*\n/, '')).groups.flatMap((group: Json) => group.rules);
  const recorded = new Set(rule.map(({ record }) => record));
  const page = await (await fetch(`${seeded.url}/metrics`)).text();
  const spoken = rule.flatMap(({ expr }) => [...expr.matchAll(/[\w:]*routescope_[\w:]+/g)].map(([name]) => name));
  for (const name of new Set(spoken.filter((each) => !recorded.has(each))))
    expect(page, name).toMatch(new RegExp(`^# TYPE ${name} `, 'm'));
});

test('a column that is renamed names the panels and rules it breaks', async () => {
  await empty.engine.writer.command({ query: 'ALTER TABLE routescope.calls_1m RENAME COLUMN failovers TO diverted' });
  const broken: string[] = [];
  const everyQuery = [
    ...everyPanel.map(({ name, panel, json, rawSql }) => ({ name, sql: asStored(rawSql, askingOf(panel, json)) })),
    ...rules.map(({ title, data: [{ model }] }) => ({
      name: title,
      sql: asStored(model.rawSql, { from, to: end, intervalSeconds: 60 }),
    })),
  ];
  for (const { name, sql } of everyQuery)
    await ask(empty, sql).catch((problem: Error) => {
      expect(problem.message).toContain('failovers');
      broken.push(name);
    });
  expect(broken).toEqual(['Routing overview: Fallback rate per tag']);
});
