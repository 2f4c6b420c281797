/**
 * What is wrong with a dashboard or a file of rules, before a Grafana says so by showing nothing. Takes plain JSON, so
 * that it sees what Grafana sees.
 */
import { grounds } from './colors.ts';
import { datasource, pluginVersion } from './target.ts';

// biome-ignore lint/suspicious/noExplicitAny: JSON of a foreign model, looked at from outside
type Json = any;

const gridWidth = 24;
const mostPanels = 14;
/** Below it, WCAG 2 calls a graphic hard to see. */
const leastContrast = 3;
/** Two colours that stand for two things; in CIE76's ΔE. */
const leastDifference = 20;

/** @returns one sentence for each thing that is wrong with the dashboards, `file: where: what`. */
export function lintDashboards(files: Readonly<Record<string, Json>>): string[] {
  const problems: string[] = [];
  const uids = new Map<string, string>();
  for (const [file, dashboard] of Object.entries(files)) {
    const wrong = (what: string): void => void problems.push(`${file}: ${what}`);
    if (!dashboard.uid) wrong('has no uid: links and alerts cannot find it');
    else if (uids.has(dashboard.uid)) wrong(`has the uid of ${uids.get(dashboard.uid)}`);
    uids.set(dashboard.uid, file);
    if ('id' in dashboard) wrong('has an id, which belongs to one server');
    if ('__inputs' in dashboard) wrong('has __inputs, which provisioning does not fill');
    if (dashboard.schemaVersion !== 39)
      wrong(
        `has schemaVersion ${dashboard.schemaVersion}: a Grafana older than that refuses it, 39 is brought up to date`,
      );
    if (!dashboard.title) wrong('has no title');
    lintVariables(dashboard, wrong);
    lintColors(dashboard, wrong);
    lintPanels(dashboard, wrong);
    for (const annotation of dashboard.annotations?.list ?? [])
      lintTarget(annotation.target ?? {}, annotation.datasource, (what) =>
        wrong(`annotation ${annotation.name}: ${what}`),
      );
  }
  return problems;
}

type Wrong = (what: string) => void;

function lintPanels({ panels = [] }: Json, wrong: Wrong): void {
  if (panels.length > mostPanels) wrong(`has ${panels.length} panels: more than ${mostPanels} are not read`);
  const ids = new Set<number>();
  const cells = new Map<string, string>();
  for (const panel of panels) {
    const here: Wrong = (what) => wrong(`panel ${JSON.stringify(panel.title)}: ${what}`);
    if (!(panel.id >= 1)) here('has no id');
    else if (ids.has(panel.id)) here(`has the id ${panel.id} of another panel`);
    ids.add(panel.id);
    const { x, y, w, h } = panel.gridPos ?? {};
    if (![x, y, w, h].every(Number.isInteger)) here('has no place');
    else if (x + w > gridWidth) here(`reaches over the grid of ${gridWidth}`);
    else
      for (let cell = 0; cell < w * h; cell++) {
        const at = `${x + (cell % w)},${y + Math.floor(cell / w)}`;
        if (cells.has(at)) {
          here(`overlaps ${JSON.stringify(cells.get(at))}`);
          break;
        }
        cells.set(at, panel.title);
      }
    if (!/\?/.test(panel.description ?? '')) here('has no description with the question it answers');
    const { unit, noValue } = panel.fieldConfig?.defaults ?? {};
    if (!unit && panel.type !== 'traces') here('has no unit');
    if (!noValue || /^no data\.?$/i.test(noValue)) here('does not say what is missing when it is empty');
    if (!panel.targets?.length) here('has no query');
    for (const target of panel.targets ?? []) lintTarget(target, target.datasource, here);
    if (panel.datasource?.uid !== datasource.uid) here('does not take the data source from the variable');
  }
}

function lintTarget(target: Json, source: Json, wrong: Wrong): void {
  if (source?.uid !== datasource.uid) wrong('a query does not take the data source from the variable');
  if (target.pluginVersion !== pluginVersion)
    wrong(`a query has pluginVersion ${target.pluginVersion}: without ${pluginVersion} it is read as one of version 3`);
  if (target.editorType !== 'sql') wrong('a query is not of the SQL editor');
  lintSql(target.rawSql ?? '', wrong);
}

function lintSql(sql: string, wrong: Wrong): void {
  if (sql.trim() === '') wrong('a query is empty');
  const [left] = /\{\w+:[A-Z][\w()]*\}/.exec(sql) ?? [];
  if (left) wrong(`a query has the parameter ${left}, which Grafana does not bind`);
  if (/--|\/\*/.test(sql)) wrong('a query has a comment, in which macros are looked for too');
  if (/\bSETTINGS\b/i.test(sql)) wrong('a query has SETTINGS, which ad-hoc filters would be added to');
  const named = new Set([...sql.matchAll(/\b(\w+) AS\s*\(/g)].map(([, query]) => query));
  for (const [, table = ''] of sql.matchAll(/(?<!ARRAY )\b(?:FROM|JOIN) ([\w.]+)/g))
    if (!table.includes('.') && !named.has(table))
      wrong(`a query reads ${table} without its database: ad-hoc filters would miss it`);
}

/** Names a text refers to as `$name` or `${name…}`; Grafana's own begin with two underscores. */
const referred = (text: string): string[] =>
  [...text.matchAll(/\$\{(\w+)|\$([a-z]\w*)/g)]
    .map(([, braced, bare]) => (braced ?? bare) as string)
    .filter((name) => !name.startsWith('__'));

function lintVariables(dashboard: Json, wrong: Wrong): void {
  const list: Json[] = dashboard.templating?.list ?? [];
  const names = new Set(list.map((variable) => variable.name));
  if (!list.some((variable) => variable.type === 'datasource')) wrong('has no variable for the data source');
  for (const name of new Set(referred(JSON.stringify(dashboard))))
    if (!names.has(name)) wrong(`refers to the variable ${name}, which it does not have`);
  if (!list.some(({ name, query }) => name === 'clickhouse_adhoc_query' && /^SELECT .*\sFROM \w+\.\w+/s.test(query)))
    wrong('does not say what ad-hoc filters are about: clickhouse_adhoc_query must be a SELECT from one table');
  for (const variable of list)
    if (variable.type === 'query')
      lintTarget(variable.query ?? {}, variable.datasource, (what) => wrong(`variable ${variable.name}: ${what}`));
}

function lintColors(dashboard: Json, wrong: Wrong): void {
  const text = JSON.stringify(dashboard);
  const colors = new Set(
    [...text.matchAll(/"(?:color|fixedColor|iconColor)":"([^"]+)"/g)].map(([, color]) => color as string),
  );
  for (const color of colors) {
    if (color === 'text' || color === 'transparent') continue;
    if (!/^#[0-9a-f]{6}$/i.test(color)) wrong(`the color ${color} is a name, which themes may show as anything`);
    else
      for (const ground of grounds)
        if (contrast(color, ground) < leastContrast)
          wrong(
            `the color ${color} has a contrast of ${contrast(color, ground).toFixed(1)} on ${ground}, below ${leastContrast}`,
          );
  }
  for (const panel of dashboard.panels ?? []) {
    const fixed: [string, string][] = [];
    for (const { matcher, properties } of panel.fieldConfig?.overrides ?? [])
      for (const { id, value } of properties)
        if (id === 'color' && value?.fixedColor?.startsWith('#')) fixed.push([matcher.options, value.fixedColor]);
    for (const [index, [name, color]] of fixed.entries())
      for (const [other, second] of fixed.slice(index + 1))
        if (difference(color, second) < leastDifference)
          wrong(`panel ${JSON.stringify(panel.title)}: ${name} and ${other} are hard to tell apart`);
  }
}

const channels = (hex: string): [number, number, number] => {
  const linear = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [linear(1), linear(3), linear(5)];
};

function contrast(one: string, other: string): number {
  const luminance = (hex: string): number => {
    const [r, g, b] = channels(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function difference(one: string, other: string): number {
  const lab = (hex: string): [number, number, number] => {
    const [r, g, b] = channels(hex);
    const f = (value: number): number => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
    const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
    const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  const [first, second] = [lab(one), lab(other)];
  return Math.hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
}

const noDataStates = new Set(['NoData', 'Alerting', 'OK', 'KeepLast']);
/** They are expanded in the browser, and a rule has none. */
const browserOnly = /\$__conditionalAll|\$__adHocFilters|\$\{|\$(?!__)\w/;
/** Grafana's own limit. */
const longestUid = 40;

/**
 * @param dashboards the files the rules point into.
 * @param runbooks names of the runbook pages there are.
 */
export function lintRules(
  rules: Json,
  dashboards: Readonly<Record<string, Json>>,
  runbooks: readonly string[],
): string[] {
  const problems: string[] = [];
  if ('policies' in rules) problems.push('has policies, which would replace the whole tree of the organisation');
  const uids = new Set<string>();
  for (const group of rules.groups ?? [])
    for (const rule of group.rules ?? []) {
      const wrong: Wrong = (what) => void problems.push(`rule ${JSON.stringify(rule.title)}: ${what}`);
      if (!rule.uid || rule.uid.length > longestUid) wrong(`needs a uid of at most ${longestUid} characters`);
      if (uids.has(rule.uid)) wrong('has the uid of another rule');
      uids.add(rule.uid);
      if (!noDataStates.has(rule.noDataState)) wrong(`has noDataState ${rule.noDataState}`);
      if (rule.execErrState !== 'Error')
        wrong('a query that fails would count as a finding: execErrState must be Error');
      if (!rule.labels?.severity) wrong('has no severity');
      const { summary = '', description, runbook_url } = rule.annotations ?? {};
      if (!summary || !description) wrong('does not say what happened and what to do');
      if (!runbooks.some((page) => runbook_url?.endsWith(`/${page}`))) wrong(`has no runbook: ${runbook_url}`);
      if (JSON.stringify(rule.annotations ?? {}).includes('$'))
        wrong('has a $ in an annotation, which provisioning replaces');
      const target = Object.values(dashboards).find(({ uid }) => uid === rule.dashboardUid);
      if (!target?.panels.some(({ id }: Json) => id === rule.panelId)) wrong('points to a panel that is not there');
      if (!rule.data?.some(({ refId }: Json) => refId === rule.condition)) wrong(`has no query ${rule.condition}`);
      for (const { model, datasourceUid } of rule.data ?? []) {
        if (datasourceUid === '__expr__') continue;
        if (model.pluginVersion !== pluginVersion) wrong(`a query has pluginVersion ${model.pluginVersion}`);
        if (model.format !== 1) wrong('a query does not hand over rows');
        if (browserOnly.test(model.rawSql)) wrong('a query has a macro or variable that only a browser expands');
        lintSql(model.rawSql, wrong);
      }
    }
  return problems;
}
