/** Renders panels as one Grafana dashboard in the classic model. */
import type {
  Dashboard,
  FieldColorModeId,
  FieldConfigSource,
  Panel as GrafanaPanel,
  ThresholdsMode,
} from '@grafana/schema';
import { type Column, type Panel, panels, type Unit } from '@routescope/panels';
import { datasource, datasourceUid, target } from './target.ts';

export const dashboardUid = 'routescope-overview';

const units: Readonly<Record<Unit, string>> = {
  usd: 'currencyUSD',
  share: 'percentunit',
  s: 's',
  score: 'none',
  count: 'short',
};

/** One colour per tier on every chart, for the names most people use; others get one by their name. Red is for failure. */
const tierColors: Readonly<Record<string, string>> = { small: 'green', mid: 'blue', frontier: 'purple' };

/** Grafana's grid is 24 wide. */
const gridWidth = 24;

/** A panel's id is its place, from 1; rules and links name it. */
export const panelId = (id: string): number => panels.findIndex((panel) => panel.id === id) + 1;

/** @returns the dashboard as Grafana's file provisioning reads it. */
export function routingOverview(): Dashboard {
  return {
    uid: dashboardUid,
    title: 'Routing overview',
    description: 'What each routed call cost, whether it held up, and how often the first choice had to be rescued.',
    tags: ['routescope'],
    // What the plugin's own dashboards have: newer servers bring it up to date, an older one refuses a newer number.
    schemaVersion: 39,
    editable: false,
    graphTooltip: 1,
    time: { from: 'now-7d', to: 'now' },
    timezone: 'browser',
    refresh: '1m',
    templating: {
      list: [
        {
          type: 'datasource',
          name: 'datasource',
          label: 'Data source',
          query: datasource.type,
          current: { text: 'Routescope', value: datasourceUid },
        },
      ],
    },
    annotations: { list: [] },
    links: [],
    panels: arranged(panels),
  };
}

/** Left to right, next row when it is full. */
function arranged(definitions: readonly Panel[]): GrafanaPanel[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return definitions.map((panel) => {
    const [w, h] = panel.visual === 'stats' ? [gridWidth, 4] : [gridWidth / 2, 9];
    if (x + w > gridWidth) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return { ...grafanaPanel(panel), gridPos };
  });
}

function grafanaPanel(panel: Panel): GrafanaPanel {
  const whole = panel.visual === 'stats' || panel.visual === 'table';
  return {
    id: panelId(panel.id),
    title: panel.title,
    description: panel.question,
    datasource,
    targets: [{ ...target(panel, whole ? 'whole range' : 'points'), datasource }],
    ...(whole ? wholeRange(panel) : overTime(panel)),
  };
}

/** Rates of few calls are noise: about sixty points, and none shorter than the rollup's minute. */
const sampling = { interval: '1m', maxDataPoints: 60 } as const;

function overTime(panel: Panel): Pick<GrafanaPanel, 'type' | 'fieldConfig' | 'options' | 'interval' | 'maxDataPoints'> {
  const [main, ...rest] = panel.columns as readonly [Column, ...Column[]];
  const label = panel.keys.map((key) => `\${__field.labels.${key}}`).join(' ');
  const stacked = panel.visual !== 'lines';
  const bars = panel.visual === 'stacked bars';
  return {
    type: 'timeseries',
    ...sampling,
    fieldConfig: {
      defaults: {
        ...defaults(panel, main),
        min: 0,
        displayName: label,
        custom: {
          drawStyle: bars ? 'bars' : 'line',
          lineWidth: bars ? 0 : 2,
          fillOpacity: bars ? 80 : stacked ? 30 : 0,
          showPoints: 'auto',
          spanNulls: false,
          stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
          thresholdsStyle: { mode: main.thresholds ? 'dashed' : 'off' },
        },
      },
      overrides: [
        ...rest.map((column) => byName(column.name, beside(column, column.name === main.of, label))),
        ...(panel.keys.includes('tier') ? tierOverrides() : []),
      ],
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** The denominator is read off beside its rate, without a line of its own; other columns belong to other screens. */
function beside(column: Column, denominator: boolean, label: string): Properties {
  if (!denominator) return { 'custom.hideFrom': { viz: true, legend: true, tooltip: true } };
  return {
    displayName: `${label}: ${column.title}`,
    unit: units[column.unit],
    'custom.lineWidth': 0,
    'custom.fillOpacity': 0,
    'custom.showPoints': 'never',
    'custom.stacking': { mode: 'none' },
    'custom.axisPlacement': 'hidden',
    'custom.hideFrom': { viz: false, legend: true, tooltip: false },
  };
}

function wholeRange(panel: Panel): Pick<GrafanaPanel, 'type' | 'fieldConfig' | 'options'> {
  const main = panel.columns[0] as Column;
  const overrides = [
    ...panel.columns.map((column) => byName(column.name, { displayName: column.title, unit: units[column.unit] })),
    byName('time', { 'custom.hidden': true }),
  ];
  if (panel.visual === 'table') {
    const fieldConfig = { defaults: defaults(panel, main), overrides };
    return { type: 'table', fieldConfig, options: { showHeader: true, cellHeight: 'sm' } };
  }
  return {
    type: 'stat',
    fieldConfig: {
      defaults: { ...defaults(panel, main), color: { mode: 'fixed' as FieldColorModeId, fixedColor: 'text' } },
      overrides,
    },
    options: {
      colorMode: 'value',
      graphMode: 'none',
      textMode: 'value_and_name',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

function defaults(panel: Panel, main: Column): FieldConfigSource['defaults'] {
  const [look, bad] = main.thresholds ?? [];
  return {
    unit: units[main.unit],
    noValue: panel.empty,
    color: { mode: 'palette-classic-by-name' as FieldColorModeId },
    thresholds: {
      mode: 'absolute' as ThresholdsMode,
      steps: [
        { value: null, color: 'transparent' },
        ...(look === undefined ? [] : [{ value: look, color: 'orange' }]),
        ...(bad === undefined ? [] : [{ value: bad, color: 'red' }]),
      ],
    },
  };
}

type Properties = Readonly<Record<string, unknown>>;

/** Matches a column by its name in the SQL, whatever labels its series carry. */
const byName = (name: string, properties: Properties): FieldConfigSource['overrides'][number] => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});

const tierOverrides = (): FieldConfigSource['overrides'] =>
  Object.entries(tierColors).map(([tier, color]) => byName(tier, { color: { mode: 'fixed', fixedColor: color } }));
