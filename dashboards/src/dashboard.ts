/** Renders a dashboard in Grafana's classic model: variables, annotations, links, and panels on its grid. */
import type { Dashboard, Panel as GrafanaPanel } from '@grafana/schema';
import {
  alarmsTitle,
  changes,
  type Dashboard as Definition,
  dashboards,
  type Filter,
  type Panel,
  statement,
} from '@routescope/panels';
import { alarmColor, changeColors } from './colors.ts';
import { grafanaPanel, uidOf } from './panel.ts';
import type { Place } from './place.ts';
import { datasource, macroSql, target } from './target.ts';

/** Grafana's grid is 24 wide. */
const gridWidth = 24;
/** Of all our dashboards, for the list of them on each. */
const mark = 'routescope';

/** @returns the dashboard as Grafana's file provisioning reads it. */
export function grafanaDashboard(definition: Definition, place: Place): Dashboard {
  return {
    uid: uidOf(definition.id),
    title: definition.title,
    description: definition.question,
    tags: [mark],
    // What the plugin's own dashboards have: newer servers bring it up to date, an older one refuses a newer number.
    schemaVersion: 39,
    editable: false,
    graphTooltip: 1,
    time: { from: 'now-7d', to: 'now' },
    timezone: 'browser',
    refresh: '1m',
    templating: { list: variables(definition, place) } as Dashboard['templating'],
    annotations: { list: annotations(definition, place) } as Dashboard['annotations'],
    links: [
      { type: 'dashboards', title: 'Routescope', tags: [mark], asDropdown: true, includeVars: true, keepTime: true },
    ] as unknown as Dashboard['links'],
    panels: arranged(definition.panels, place),
  } as Dashboard;
}

/** Where an alert or a link finds a panel: the first dashboard that has it, and its id there, which is its place from 1. */
export function whereIs(panel: string): { dashboardUid: string; panelId: number } {
  for (const { id, panels } of dashboards) {
    const index = panels.findIndex((candidate) => candidate.id === panel);
    if (index >= 0) return { dashboardUid: uidOf(id), panelId: index + 1 };
  }
  throw new Error(`no dashboard shows the panel ${panel}`);
}

function variables(definition: Definition, place: Place): object[] {
  const adhoc = macroSql(statement(`adhoc_${definition.adhoc}`), 'whole range', place);
  return [
    {
      type: 'datasource',
      name: 'datasource',
      label: 'Data source',
      query: datasource.type,
      current: { text: place.datasourceName, value: place.datasourceUid },
    },
    ...definition.filters.map((filter) => choice(filter, place)),
    ...(definition.panels.some(({ visual }) => visual === 'trace')
      ? [{ type: 'textbox', name: 'trace_id', label: 'Trace', query: '', current: { text: '', value: '' } }]
      : []),
    { type: 'adhoc', name: 'filters', label: 'Filters', datasource, filters: [], baseFilters: [] },
    // The plugin takes from it which table the ad-hoc filters are about, and what they offer.
    { type: 'constant', name: 'clickhouse_adhoc_query', hide: 2, query: adhoc },
    { type: 'constant', name: 'jaeger', hide: 2, query: place.jaegerUrl },
  ];
}

const titles: Readonly<Record<Filter, string>> = {
  environment: 'Environment',
  tag: 'Tag',
  tier: 'Tier',
  route_version: 'Route version',
};

function choice(filter: Filter, place: Place): object {
  const rawSql = macroSql(statement(`filter_${filter}`), 'whole range', place);
  return {
    type: 'query',
    name: filter,
    label: titles[filter],
    datasource,
    query: target(rawSql, 'table', `filter-${filter}`),
    definition: rawSql,
    refresh: 2, // with the time range
    multi: true,
    includeAll: true,
    sort: 0,
    current: { selected: true, text: ['All'], value: ['$__all'] },
  };
}

function annotations(definition: Definition, place: Place): object[] {
  const drawn = (name: string, sql: string, iconColor: string, literals: Readonly<Record<string, string>>): object => ({
    name,
    datasource,
    enable: true,
    iconColor,
    target: target(macroSql(statement(sql), 'whole range', place, literals), 'table', 'annotation'),
  });
  return [
    ...changes.map(({ kind, title }) => drawn(title, 'changes', changeColors[kind], { kind })),
    ...(definition.alarms ? [drawn(alarmsTitle, 'alarms', alarmColor, {})] : []),
  ];
}

function sizeOf(panel: Panel): [w: number, h: number] {
  switch (panel.visual) {
    case 'stats':
      return [gridWidth, 4];
    case 'list':
      return [gridWidth, 10];
    case 'trace':
      return [gridWidth, 16];
    case 'table':
      return [panel.keys.length + panel.columns.length > 7 ? gridWidth : gridWidth / 2, 9];
    default:
      return [gridWidth / 2, 9];
  }
}

/** Left to right, next row when it is full; what stands alone in its row takes all of it. */
function arranged(definitions: readonly Panel[], place: Place): GrafanaPanel[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return definitions.map((panel, index) => {
    const [wanted, h] = sizeOf(panel);
    if (x + wanted > gridWidth) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const next = definitions[index + 1];
    const isAlone = panel.repeat !== undefined || (x === 0 && (!next || sizeOf(next)[0] === gridWidth || next.repeat));
    const w = isAlone ? gridWidth : wanted;
    const gridPos = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return { ...grafanaPanel(panel, place), id: index + 1, gridPos };
  });
}
