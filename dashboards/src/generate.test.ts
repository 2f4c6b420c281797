import { readdirSync, readFileSync } from 'node:fs';
import { alerts, dashboards, panels } from '@routescope/panels';
import { describe, expect, test } from 'vitest';
import { lintDashboards, lintRules } from './lint.ts';
import { ownPlace } from './place.ts';
import { rendered } from './render.ts';

// biome-ignore lint/suspicious/noExplicitAny: JSON as Grafana reads it
type Json = any;

const files = rendered(ownPlace);
const parsed = (): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(files)
      .filter(([file]) => file.endsWith('.json'))
      .map(([file, text]) => [file, JSON.parse(text)]),
  );
const rules = (): Json => JSON.parse((files['grafana/alerts.yaml'] as string).replace(/^#.*\n/, ''));
const runbooks = readdirSync(new URL('../../docs/runbooks/', import.meta.url));

test('what is checked in is what the generator writes, and nothing else', () => {
  const directory = new URL('../', import.meta.url);
  const there = ['grafana', 'prometheus'].flatMap((room) =>
    readdirSync(new URL(`${room}/`, directory)).map((file) => `${room}/${file}`),
  );
  expect(there.sort()).toEqual(Object.keys(files).sort());
  for (const [file, text] of Object.entries(files)) expect(readFileSync(new URL(file, directory), 'utf8')).toBe(text);
});

test('there is nothing wrong with any dashboard or rule', () => {
  expect(lintDashboards(parsed())).toEqual([]);
  expect(lintRules(rules(), parsed(), runbooks)).toEqual([]);
});

test('every dashboard shows its panels in order, the four to keep an eye on first', () => {
  for (const { id, panels: shown } of dashboards)
    expect(parsed()[`grafana/${id}.json`].panels.map(({ title }: Json) => title.replace(/: \$.*/, ''))).toEqual(
      shown.map(({ title }) => title),
    );
  expect(dashboards[0]?.panels.slice(0, 4).map(({ id }) => id)).toEqual([
    'cost_per_session',
    'score_per_tag',
    'fallback_rate',
    'human_override_rate',
  ]);
});

test('a tier has one colour on every chart', () => {
  const colors = new Map<string, Set<string>>();
  for (const { panels: shown } of Object.values(parsed()))
    for (const { fieldConfig } of shown)
      for (const { matcher, properties } of fieldConfig.overrides)
        for (const { id, value } of properties)
          if (id === 'color' && value.fixedColor)
            colors.set(matcher.options, (colors.get(matcher.options) ?? new Set()).add(value.fixedColor));
  expect([...colors.keys()]).toEqual(['small', 'mid', 'frontier']);
  for (const [tier, used] of colors) expect(used.size, tier).toBe(1);
});

test('another place has its own names everywhere, and nothing of ours is left', () => {
  const elsewhere = rendered({
    datasourceUid: 'their-uid',
    datasourceName: 'Theirs',
    database: 'llm_obs',
    folder: 'LLM / Routing',
    grafanaUrl: 'https://grafana.example',
    jaegerUrl: 'https://jaeger.example',
    contactPoint: '',
    runbooksUrl: 'https://wiki.example/runbooks',
  });
  const all = Object.values(elsewhere).join('\n');
  expect(all).not.toMatch(/\broutescope\.[a-z]/);
  expect(all).not.toContain(ownPlace.datasourceUid);
  expect(all).not.toContain(ownPlace.jaegerUrl);
  expect(all).toContain('llm_obs.calls_1m');
  expect(all).toContain('their-uid');
  expect(all).toContain('https://wiki.example/runbooks/fallback_spike.md');
  expect(elsewhere['grafana/alerts.yaml']).toContain('LLM / Routing');
  expect(elsewhere['grafana/alerts.yaml']).not.toContain('notification_settings');
});

describe('the lint finds', () => {
  const spoil = (change: (dashboard: Json) => void): string[] => {
    const dashboard = parsed();
    change(dashboard['grafana/routing-overview.json']);
    return lintDashboards(dashboard);
  };
  test.each<[string, (dashboard: Json) => void, RegExp]>([
    [
      'an id twice',
      ({ panels: [a, b] }) => {
        b.id = a.id;
      },
      /has the id 1 of another panel/,
    ],
    ['no id', ({ panels: [a] }) => void delete a.id, /has no id/],
    [
      'an overlap',
      ({ panels: [a, b] }) => {
        b.gridPos = a.gridPos;
      },
      /overlaps "Cost per session by tag"/,
    ],
    [
      'a panel off the grid',
      ({ panels: [a] }) => {
        a.gridPos.w = 25;
      },
      /reaches over the grid/,
    ],
    [
      'another dashboard’s uid',
      (d) => {
        d.uid = 'routescope-money';
      },
      /has the uid of/,
    ],
    [
      'ad-hoc filters about nothing',
      ({ templating }) => {
        templating.list.find(({ name }: Json) => name === 'clickhouse_adhoc_query').query = 'routescope.calls_1m';
      },
      /does not say what ad-hoc filters are about/,
    ],
    [
      'a server’s own id',
      (d) => {
        d.id = 7;
      },
      /has an id/,
    ],
    [
      'an exported input',
      (d) => {
        d.__inputs = [];
      },
      /has __inputs/,
    ],
    [
      'a newer schema',
      (d) => {
        d.schemaVersion = 42;
      },
      /has schemaVersion 42/,
    ],
    [
      'a fixed data source',
      ({ panels: [a] }) => {
        a.datasource = { uid: 'x' };
      },
      /data source from the variable/,
    ],
    [
      'a query of a fixed data source',
      ({ panels: [a] }) => {
        a.targets[0].datasource = {};
      },
      /a query does not take/,
    ],
    ['no data source variable', (d) => void d.templating.list.shift(), /has no variable for the data source/],
    ['an old plugin', ({ panels: [a] }) => void delete a.targets[0].pluginVersion, /read as one of version 3/],
    ['no unit', ({ panels: [a] }) => void delete a.fieldConfig.defaults.unit, /has no unit/],
    ['no description', ({ panels: [a] }) => void delete a.description, /has no description/],
    [
      'no text for nothing',
      ({ panels: [a] }) => {
        a.fieldConfig.defaults.noValue = 'No data';
      },
      /what is missing/,
    ],
    [
      'a faint colour',
      (d) => {
        d.annotations.list[0].iconColor = '#ffff00';
      },
      /has a contrast of 1\.\d on #ffffff/,
    ],
    [
      'a colour by name',
      (d) => {
        d.annotations.list[0].iconColor = 'purple';
      },
      /is a name/,
    ],
    [
      'a query that is missing',
      ({ panels: [a] }) => {
        a.targets = [];
      },
      /has no query/,
    ],
    [
      'a parameter left',
      ({ panels: [a] }) => {
        a.targets[0].rawSql += '{tag:String}';
      },
      /does not bind/,
    ],
    [
      'a comment',
      ({ panels: [a] }) => {
        a.targets[0].rawSql += ' -- $__x';
      },
      /has a comment/,
    ],
    [
      'a table without its database',
      ({ panels: [a] }) => {
        a.targets[0].rawSql = 'SELECT 1 FROM calls';
      },
      /reads calls/,
    ],
    [
      'an unknown variable',
      ({ panels: [a] }) => {
        a.targets[0].rawSql += ' $region';
      },
      /variable region/,
    ],
    ['a crowd', (d) => void d.panels.push(...d.panels), /has 18 panels/],
    [
      'a broken variable',
      (d) => {
        d.templating.list[1].query.rawSql = '';
      },
      /variable environment: a query is empty/,
    ],
    ['a broken annotation', (d) => void delete d.annotations.list[0].target.pluginVersion, /annotation Route-table/],
    [
      'two tiers of one colour',
      ({ panels: all }) => {
        const [small, mid] = all
          .find(({ title }: Json) => title === 'Routing distribution')
          .fieldConfig.overrides.slice(-3);
        mid.properties = small.properties;
      },
      /small and mid are hard to tell apart/,
    ],
  ])('%s', (_, change, sentence) => {
    expect(spoil(change).join('\n')).toMatch(sentence);
  });

  test.each<[string, (file: Json, rule: Json) => void, RegExp]>([
    [
      'policies',
      (file) => {
        file.policies = [];
      },
      /has policies/,
    ],
    [
      'a uid too long',
      (_, rule) => {
        rule.uid = 'x'.repeat(41);
      },
      /at most 40/,
    ],
    [
      'a uid twice',
      (file, rule) => {
        rule.uid = file.groups[0].rules[1].uid;
      },
      /uid of another rule/,
    ],
    ['errors that alert', (_, rule) => void delete rule.execErrState, /execErrState/],
    [
      'a state that is none',
      (_, rule) => {
        rule.noDataState = 'Ok';
      },
      /has noDataState Ok/,
    ],
    ['no severity', (_, rule) => void delete rule.labels.severity, /no severity/],
    [
      'no runbook',
      (_, rule) => {
        rule.annotations.runbook_url = 'x/none.md';
      },
      /has no runbook/,
    ],
    [
      'a dollar',
      (_, rule) => {
        rule.annotations.summary = '{{ $labels.tag }}';
      },
      /has a \$/,
    ],
    [
      'a panel that is gone',
      (_, rule) => {
        rule.panelId = 99;
      },
      /not there/,
    ],
    [
      'no condition',
      (_, rule) => {
        rule.condition = 'Z';
      },
      /no query Z/,
    ],
    [
      'series for rows',
      (_, rule) => {
        rule.data[0].model.format = 0;
      },
      /does not hand over rows/,
    ],
    [
      'a variable',
      (_, rule) => {
        rule.data[0].model.rawSql += ' $tag';
      },
      /only a browser expands/,
    ],
  ])('%s in the rules', (_, change, sentence) => {
    const file = rules();
    change(file, file.groups[0].rules[0]);
    expect(lintRules(file, parsed(), runbooks).join('\n')).toMatch(sentence);
  });
});

test('a rule asks for rows at its moment and compares with hysteresis', () => {
  const [group] = rules().groups;
  expect(group.rules).toHaveLength(alerts.length);
  for (const [index, { above, until, panel, keys }] of alerts.entries()) {
    const [query, condition] = group.rules[index].data;
    expect(query).toMatchObject({ datasourceUid: ownPlace.datasourceUid, model: { format: 1, intervalMs: 60_000 } });
    expect(condition.model.conditions[0]).toEqual({
      evaluator: { type: 'gt', params: [above] },
      unloadEvaluator: { type: 'lt', params: [until] },
    });
    const { dashboardUid, panelId, annotations } = group.rules[index];
    const shown = Object.values(parsed()).find(({ uid }) => uid === dashboardUid);
    expect(shown.panels.find(({ id }: Json) => id === panelId).title).toBe(
      panels.find(({ id }) => id === panel)?.title,
    );
    for (const key of keys) expect(annotations.summary).toContain(`{{ .Labels.${key} }}`);
  }
});

describe('the rules for Prometheus', () => {
  const { groups } = JSON.parse((files['prometheus/rules.yaml'] as string).replace(/^#.*\n/, ''));
  const alerting: Json[] = groups.flatMap((group: Json) => group.rules).filter(({ alert }: Json) => alert);

  test('have every alert that Grafana has, with its limit, and a few of their own', () => {
    const expressions = alerting.map(({ expr }) => expr);
    for (const { id, above } of alerts)
      if (id === 'fallback_drift') expect(expressions.join()).toContain('routescope_drift_alarm_open == 1');
      else expect(expressions).toContain(`routescope_alert_value{alert="${id}"} > ${above}`);
    expect(alerting.length).toBeGreaterThan(alerts.length);
  });

  test('are tried by promtool on series that have the labels they ask for', () => {
    const tried = readFileSync(new URL('../../deploy/prometheus/rules.test.yaml', import.meta.url), 'utf8');
    const labelsIn = (selector = ''): string[] => [...selector.matchAll(/(\w+)(?==|!=|=~)/g)].map(([name]) => name);
    const sent = [...tried.matchAll(/series: '(\w+)\{(.*)\}'/g)].map(([, name, labels]) => [name, labelsIn(labels)]);
    const asked = alerting
      .filter(({ alert }) => tried.includes(`alertname: ${alert}\n`))
      .flatMap(({ expr }) => [...expr.matchAll(/(routescope_\w+)\{([^}]*)\}/g)])
      .map(([, name, labels]) => [name, labelsIn(labels)] as const);
    expect(asked.length).toBeGreaterThan(2);
    for (const [name, labels] of asked) expect(sent, name).toContainEqual([name, expect.arrayContaining([...labels])]);
  });

  test('say severity, numbers, what to do, the runbook and the panel', () => {
    for (const { alert, labels, annotations } of alerting) {
      expect(labels, alert).toMatchObject({ severity: 'warning', component: 'routescope' });
      expect(annotations.summary, alert).toMatch(/\{\{ .*(\$value|\$labels)/);
      expect(annotations.description, alert).not.toBe('');
      expect(runbooks, alert).toContain(annotations.runbook_url.split('/').at(-1));
      const [, uid, panelId] = /\/d\/([\w-]+)\?viewPanel=(\d+)$/.exec(annotations.dashboard) ?? [];
      const shown = Object.values(parsed()).find((dashboard) => dashboard.uid === uid);
      expect(
        shown.panels.some(({ id }: Json) => id === Number(panelId)),
        alert,
      ).toBe(true);
    }
  });
});

test('what Grafana provisions names the data source, the folder and the contact point that are rendered', () => {
  const provisioned = (path: string): string =>
    readFileSync(new URL(`../../deploy/grafana/provisioning/${path}`, import.meta.url), 'utf8');
  expect(provisioned('datasources/routescope.yaml')).toContain(`uid: ${ownPlace.datasourceUid}\n`);
  expect(provisioned('dashboards/routescope.yaml')).toContain(`folder: ${ownPlace.folder}\n`);
  expect(provisioned('alerting/contact-point.yaml')).toContain(`name: ${ownPlace.contactPoint}\n`);
});

test('links from Jaeger lead to dashboards and variables that exist', () => {
  const file = readFileSync(new URL('../../deploy/jaeger/ui.json', import.meta.url), 'utf8');
  for (const { url } of JSON.parse(file).linkPatterns as { url: string }[]) {
    const [, uid, variable] = /\/d\/([\w-]+)(?:\?var-(\w+)=|$)/.exec(url) ?? [];
    const dashboard = Object.values(parsed()).find((each) => each.uid === uid);
    expect(dashboard, url).toBeDefined();
    if (variable) expect(dashboard.templating.list.map(({ name }: Json) => name)).toContain(variable);
  }
});
