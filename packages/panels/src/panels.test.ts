import { readdirSync } from 'node:fs';
import { scoreNames } from '@routescope/conventions';
import { describe, expect, test } from 'vitest';
import { alerts } from './alerts.ts';
import { changes, dashboards, panels, reported } from './dashboards.ts';
import { filters, type Panel } from './definition.ts';
import { driftDefaults } from './drift-evidence.ts';
import { readPanel, sqlOf, statement } from './read.ts';

const definitions = [...panels, ...alerts];

/** What stands beside panels and alerts: values to choose from, changes, metrics, the questions of `routescope routes`. */
const others = [
  ...filters.map((filter) => `filter_${filter}`),
  'adhoc_calls',
  'adhoc_calls_1m',
  'adhoc_scores',
  'changes',
  'alarms',
  'metrics_calls',
  'metrics_attempts',
  'route_compare',
  'route_compare_sessions',
  'route_report',
  'experiment_arms',
];

/** Parts of other statements. */
const included = ['drift', 'judged', 'fallback_by'];

test('every SQL file belongs to something that is asked', () => {
  const files = readdirSync(new URL('../sql/', import.meta.url)).sort();
  const names = [...definitions.map(({ id }) => id), ...others, ...included];
  expect(files).toEqual(names.map((name) => `${name}.sql`).sort());
  expect(new Set(names).size).toBe(names.length);
});

test.each([...definitions.map(({ id }) => id), ...others])('%s reads our tables by their full name', (name) => {
  const sql = statement(name).replaceAll(/^\s*--.*$/gm, '');
  const named = new Set([...sql.matchAll(/\b(\w+) AS\s*\(/g)].map(([, query]) => query));
  for (const [, table] of sql.matchAll(/(?<!ARRAY )\b(?:FROM|JOIN) ([\w.]+)/g))
    if (!named.has(table)) expect(table).toMatch(/^routescope\./);
});

const parametersIn = (definition: Panel | (typeof alerts)[number]): string[] =>
  [
    ...new Set([...sqlOf(definition).matchAll(/\{(\w+:[\w()]+)\}/g)].map(([, parameter]) => parameter as string)),
  ].sort();

const settings = new Set(Object.keys(driftDefaults));

test.each(alerts)('the alert $id knows the moment and nothing else', (alert) => {
  expect(parametersIn(alert).filter((each) => !settings.has(each.split(':')[0] as string))).toEqual(['to:DateTime']);
});

test.each(panels)('$id can be narrowed down to environments and tags', (panel) => {
  const parameters = parametersIn(panel);
  if (panel.id === 'ledger') return expect(parameters).toEqual([]); // of sidecars, which serve them all
  if (parameters.includes('trace_id:String')) return expect(parameters).toEqual(['trace_id:String']);
  expect(parameters).toEqual(expect.arrayContaining(['environment:Array(String)', 'tag:Array(String)', 'to:DateTime']));
  expect(panel.visual !== 'list' && /lines|stacked|band|heatmap/.test(panel.visual)).toBe(
    parameters.includes('step_s:UInt32') && !['stats', 'table', 'bars'].includes(panel.visual),
  );
});

test('every dashboard has panels enough and not too many, and every panel is on one', () => {
  for (const { panels: shown } of dashboards) {
    expect(shown.length).toBeGreaterThanOrEqual(8);
    expect(shown.length).toBeLessThanOrEqual(14);
  }
  expect(dashboards.map(({ id }) => id)).toEqual(['routing-overview', 'fallback-drift', 'money', 'quality', 'calls']);
  for (const panel of reported) expect(panels).toContain(panel);
  for (const { links = [] } of panels) for (const id of links) expect(dashboards.map((each) => each.id)).toContain(id);
  expect(changes.map(({ kind }) => kind)).toEqual(['route_table', 'deploy', 'price']);
});

describe.each(panels)('panel $id', ({ columns, empty, question }) => {
  test('shows the denominator of every rate', () => {
    for (const column of columns) {
      if (column.unit === 'share') expect(column.of, column.name).toBeDefined();
      if (column.of !== undefined) expect(columns.map(({ name }) => name)).toContain(column.of);
    }
  });

  test('has the unit of every number in its name', () => {
    const names = {
      usd: /_usd$/,
      share: /_(rate|share)$/,
      s: /_s$/,
      score: /score$/,
      count: /^(?!.*_(usd|rate|share|s)$)/,
      number: /^(?!.*_(usd|rate|share|s)$)/,
    };
    for (const column of columns) expect(column.name).toMatch(names[column.unit]);
  });

  test('asks a question, and says what is missing when there is no answer', () => {
    expect(question).toContain('?');
    expect(empty).toMatch(/^No .+: .+\.$/);
  });
});

test('the product’s own scores are no rubric, and the override rate is of them', () => {
  const names = Object.values(scoreNames)
    .map((name) => `'${name}'`)
    .join(', ');
  for (const id of ['score_per_tag', 'human_override_rate']) expect(statement(id)).toContain(`IN (${names})`);
});

test('the alerts look at panels that exist', () => {
  for (const alert of alerts) expect(panels.map((panel) => panel.id)).toContain(alert.panel);
});

test('a store that quotes 64-bit numbers and decimals gives numbers all the same', async () => {
  const row = {
    time: 'now',
    tag: '7',
    fallback_rate: null,
    fallbacks: '0',
    checked_calls: '0',
    failover_rate: 0.5,
    failovers: '1',
    calls: '2',
  };
  const rows = await readPanel(async () => [row], panels.find(({ id }) => id === 'fallback_rate') as Panel, {
    from: 0,
    to: 60_000,
  });
  expect(rows).toEqual([{ ...row, fallbacks: 0, checked_calls: 0, failovers: 1, calls: 2 }]);
});
