import { readFileSync } from 'node:fs';
import { alerts, panels } from '@routescope/panels';
import { describe, expect, test } from 'vitest';
import { alertRules } from './alert-rules.ts';
import { dashboardUid, routingOverview } from './dashboard.ts';
import { generated } from './generate.ts';
import { datasourceUid, macroSql } from './target.ts';

interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Rendered {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPos;
  readonly datasource: unknown;
  readonly fieldConfig: { readonly defaults: { readonly unit: string; readonly noValue: string } };
  readonly targets: readonly { readonly rawSql: string; readonly pluginVersion: string; readonly format: number }[];
}

const dashboard = routingOverview();
const rendered = dashboard.panels as unknown as readonly Rendered[];

test.each(Object.entries(generated))('%s is what the generator writes', (file, render) => {
  expect(readFileSync(new URL(`../grafana/${file}`, import.meta.url), 'utf8')).toBe(render());
});

describe('the dashboard', () => {
  test('is one that Grafana 11.6 and newer take from a file', () => {
    expect(dashboard).toMatchObject({ uid: dashboardUid, schemaVersion: 39, title: 'Routing overview' });
    expect(dashboard).not.toHaveProperty('id');
    expect(dashboard).not.toHaveProperty('__inputs');
  });

  test('shows every panel once, the seed’s four first, under ids of their own', () => {
    expect(rendered.map((panel) => panel.title)).toEqual(panels.map((panel) => panel.title));
    expect(panels.slice(0, 4).map((panel) => panel.id)).toEqual([
      'cost_per_session',
      'score_per_tag',
      'fallback_rate',
      'human_override_rate',
    ]);
    expect(new Set(rendered.map((panel) => panel.id)).size).toBe(rendered.length);
  });

  test('has no two panels in one place, and none off the grid', () => {
    const cells = rendered.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  test.each(rendered.map((panel) => [panel.title, panel] as const))(
    '%s says what it asks, in which unit, and what is missing when empty',
    (_, panel) => {
      expect(panel.description).toMatch(/\?/);
      expect(panel.fieldConfig.defaults.unit).not.toBe('');
      expect(panel.fieldConfig.defaults.noValue).toMatch(/^No .+: .+/);
      expect(panel.datasource).toEqual({ type: 'grafana-clickhouse-datasource', uid: `\${datasource}` });
    },
  );

  test.each(rendered.flatMap((panel) => panel.targets.map((target) => [panel.title, target] as const)))(
    'the query of %s has macros only, and names its database',
    (_, target) => {
      expect(target.pluginVersion).toBe('4.20.0');
      expect(target.rawSql).not.toMatch(/\{\w+:\w+\}|--/);
      expect(target.rawSql).toContain('$__toTime');
      for (const [, table] of target.rawSql.matchAll(/\bFROM (\w\S*)/g)) expect(table).toMatch(/^routescope\./);
    },
  );
});

test('points follow the chart’s interval; a number of the whole range does not depend on it', () => {
  for (const panel of panels) {
    expect(macroSql(panel, 'points')).toContain('INTERVAL $__interval_s second');
    expect(macroSql(panel, 'whole range')).not.toContain('$__interval');
  }
});

describe('the alert rules', () => {
  const [group] = (alertRules() as { groups: { rules: Record<string, unknown>[] }[] }).groups;
  const rules = group?.rules ?? [];

  test('are one for each alert, with the states that keep silence and errors apart', () => {
    expect(rules).toHaveLength(alerts.length);
    for (const rule of rules) expect(rule).toMatchObject({ noDataState: 'OK', execErrState: 'Error', condition: 'C' });
  });

  test('point to the panel that shows what they are about', () => {
    for (const [index, alert] of alerts.entries()) {
      const shown = rendered.find((panel) => panel.id === rules[index]?.['panelId']);
      expect(rules[index]).toMatchObject({ dashboardUid });
      expect(shown?.title).toBe(panels.find((panel) => panel.id === alert.panel)?.title);
    }
  });

  test('ask the one data source by its uid, for rows, and compare with hysteresis', () => {
    expect(rules[0]).toMatchObject({
      uid: 'routescope-fallback-spike',
      data: [
        { refId: 'A', datasourceUid, model: { format: 1, rawSql: expect.stringContaining('AS value') } },
        {
          model: {
            expression: 'A',
            conditions: [{ evaluator: { params: [0.02] }, unloadEvaluator: { params: [0.01] } }],
          },
        },
      ],
    });
  });

  test('say the numbers in templates without a dollar, which provisioning would replace', () => {
    for (const rule of rules) {
      const annotations = JSON.stringify(rule['annotations']);
      expect(annotations).toContain('{{ .Labels.tag }}');
      expect(annotations).toContain('.Values');
      expect(annotations).not.toContain('$');
    }
  });
});

test('the provisioned data source is the one that dashboard and rules name', () => {
  const file = new URL('../../deploy/grafana/provisioning/datasources/routescope.yaml', import.meta.url);
  expect(readFileSync(file, 'utf8')).toContain(`uid: ${datasourceUid}\n`);
});
