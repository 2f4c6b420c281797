import { readdirSync } from 'node:fs';
import { scoreNames } from '@routescope/conventions';
import { describe, expect, test } from 'vitest';
import { alerts } from './alerts.ts';
import type { Panel } from './definition.ts';
import { panels } from './panels.ts';
import { readPanel, sqlOf } from './read.ts';

const definitions = [...panels, ...alerts];

test('every SQL file belongs to a panel or an alert', () => {
  const files = readdirSync(new URL('../sql/', import.meta.url)).sort();
  expect(files).toEqual(definitions.map(({ id }) => `${id}.sql`).sort());
});

test.each(definitions)('$id reads our tables by their full name and binds every parameter', (definition) => {
  const sql = sqlOf(definition).replaceAll(/^--.*$/gm, '');
  for (const [, table] of sql.matchAll(/\bFROM (\w\S*)/g)) expect(table).toMatch(/^routescope\./);
  const parameters = new Set([...sql.matchAll(/\{(\w+:\w+)\}/g)].map(([, parameter]) => parameter));
  expect([...parameters].sort()).toEqual(
    'visual' in definition ? ['from:DateTime', 'step_s:UInt32', 'to:DateTime'] : ['to:DateTime'],
  );
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
  for (const id of ['score_per_tag', 'human_override_rate'])
    expect(sqlOf(panels.find((panel) => panel.id === id) as Panel)).toContain(`IN (${names})`);
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
  const rows = await readPanel(async () => [row], panels[2] as Panel, { from: 0, to: 60_000 });
  expect(rows).toEqual([{ ...row, fallbacks: 0, checked_calls: 0, failovers: 1, calls: 2 }]);
});
