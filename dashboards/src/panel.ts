/** Renders one panel in Grafana's classic model. */
import type { FieldColorModeId, FieldConfigSource, Panel as GrafanaPanel, ThresholdsMode } from '@grafana/schema';
import { type Column, dashboards, type Panel, sqlOf, type Unit } from '@routescope/panels';
import { attention, tierColors } from './colors.ts';
import type { Place } from './place.ts';
import { datasource, macroSql, target } from './target.ts';

export const uidOf = (dashboard: string): string => `routescope-${dashboard}`;

const units: Readonly<Record<Unit, string>> = {
  usd: 'currencyUSD',
  share: 'percentunit',
  s: 's',
  score: 'none',
  count: 'short',
  number: 'none',
};

type Overrides = FieldConfigSource['overrides'];
type Properties = Readonly<Record<string, unknown>>;
type Drawn = Pick<GrafanaPanel, 'type' | 'fieldConfig' | 'options' | 'interval' | 'maxDataPoints'>;

const overTime = new Set<Panel['visual']>(['lines', 'stacked lines', 'stacked bars', 'band', 'heatmap']);

/** Without its id and place, which are the dashboard's to give. */
export function grafanaPanel(panel: Panel, place: Place): GrafanaPanel {
  const isOverTime = overTime.has(panel.visual);
  const sql = macroSql(sqlOf(panel), isOverTime ? (panel.stepSeconds ?? 'points') : 'whole range', place);
  const queryType = panel.visual === 'trace' ? 'traces' : isOverTime ? 'timeseries' : 'table';
  return {
    title: panel.repeat ? `${panel.title}: \${${panel.repeat}}` : panel.title,
    description: panel.question,
    datasource,
    targets: [{ ...target(sql, queryType), datasource }],
    ...(panel.repeat && { repeat: panel.repeat, repeatDirection: 'h' as const, maxPerRow: 2 }),
    ...(panel.links && { links: panel.links.map(linkTo) }),
    ...drawn(panel),
  };
}

function linkTo(id: string) {
  const title = dashboards.find((dashboard) => dashboard.id === id)?.title;
  if (title === undefined) throw new Error(`a panel links to ${id}, which is no dashboard`);
  return {
    title,
    url: `/d/${uidOf(id)}?\${__url_time_range}&\${__all_variables}`,
    type: 'link',
    targetBlank: false,
  } as never;
}

function drawn(panel: Panel): Drawn {
  switch (panel.visual) {
    case 'lines':
    case 'stacked lines':
    case 'stacked bars':
    case 'band':
      return series(panel);
    case 'heatmap':
      return heatmap(panel);
    case 'bars':
      return bars(panel);
    case 'stats':
      return stats(panel);
    case 'table':
    case 'list':
      return table(panel);
    case 'trace':
      return { type: 'traces', fieldConfig: { defaults: { noValue: panel.empty }, overrides: [] }, options: {} };
  }
}

/** Rates of few calls are noise: about sixty points, and none shorter than the rollup's minute. */
const sampling = (panel: Panel) =>
  panel.stepSeconds ? { interval: `${panel.stepSeconds}s` } : { interval: '1m', maxDataPoints: 60 };

function series(panel: Panel): Drawn {
  const [main, ...rest] = panel.columns as readonly [Column, ...Column[]];
  const label = panel.keys.map((key) => `\${__field.labels.${key}}`).join(' ');
  const isStacked = panel.visual.startsWith('stacked');
  const isBars = panel.visual === 'stacked bars';
  const marks = main.band ?? main.thresholds;
  return {
    type: 'timeseries',
    ...sampling(panel),
    fieldConfig: {
      defaults: {
        ...defaults(panel, main),
        min: main.logarithmic ? 0.001 : 0,
        displayName: label || main.title,
        custom: {
          drawStyle: isBars ? 'bars' : 'line',
          lineWidth: isBars ? 0 : 2,
          fillOpacity: isBars ? 80 : isStacked ? 30 : 0,
          showPoints: 'auto',
          spanNulls: false,
          stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
          thresholdsStyle: { mode: marks ? 'dashed' : 'off' },
          ...(main.logarithmic && { scaleDistribution: { type: 'log', log: 10 } }),
        },
      },
      overrides: [
        ...rest.map((column) => byName(column.name, beside(panel, column, label))),
        ...(panel.keys.includes('tier') ? tierOverrides() : []),
      ],
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** What stands beside the first column: a line of its own, the edge of a band, or a denominator that is only read off. */
function beside(panel: Panel, column: Column, label: string): Properties {
  const displayName = label ? `${label}: ${column.title}` : column.title;
  const unit = units[column.unit];
  if (panel.visual === 'band' && column.unit === 'share') {
    if (column.name.startsWith('baseline'))
      return { displayName, 'custom.lineWidth': 1, 'custom.lineStyle': { fill: 'dash', dash: [6, 6] } };
    const isUpper = column.name.startsWith('upper');
    return {
      displayName,
      'custom.lineWidth': 0,
      'custom.showPoints': 'never',
      ...(isUpper && { 'custom.fillBelowTo': 'lower limit', 'custom.fillOpacity': 12 }),
      'custom.hideFrom': { viz: false, legend: true, tooltip: false },
    };
  }
  if (column.line) return { displayName, unit };
  if (column.name !== panel.columns[0]?.of && panel.keys.length > 0)
    return { 'custom.hideFrom': { viz: true, legend: true, tooltip: true } };
  return {
    displayName,
    unit,
    'custom.lineWidth': 0,
    'custom.fillOpacity': 0,
    'custom.showPoints': 'never',
    'custom.stacking': { mode: 'none' },
    'custom.axisPlacement': 'hidden',
    'custom.hideFrom': { viz: false, legend: true, tooltip: false },
  };
}

function heatmap(panel: Panel): Drawn {
  const main = panel.columns[0] as Column;
  return {
    type: 'heatmap',
    ...sampling(panel),
    fieldConfig: {
      defaults: { ...defaults(panel, main), displayName: `\${__field.labels.${panel.keys[0]}}` },
      overrides: [],
    },
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Oranges', fill: 'dark-orange', steps: 32, exponent: 0.5 },
      rowsFrame: { layout: 'auto' },
      yAxis: { axisPlacement: 'left' },
      tooltip: { mode: 'single', yHistogram: false },
      legend: { show: true },
    },
  };
}

function bars(panel: Panel): Drawn {
  const [main, ...rest] = panel.columns as readonly [Column, ...Column[]];
  return {
    type: 'barchart',
    fieldConfig: {
      defaults: { ...defaults(panel, main), custom: { lineWidth: 0, fillOpacity: 80 } },
      overrides: [
        byName('time', { 'custom.hideFrom': { viz: true, legend: true, tooltip: true } }),
        byName(main.name, { displayName: main.title, unit: units[main.unit] }),
        ...rest.map((column) =>
          byName(column.name, {
            displayName: column.title,
            unit: units[column.unit],
            ...(!column.line && { 'custom.hideFrom': { viz: true, legend: true, tooltip: false } }),
          }),
        ),
      ],
    },
    options: {
      xField: panel.keys[0],
      orientation: 'horizontal',
      showValue: 'auto',
      stacking: 'none',
      barWidth: 0.8,
      groupWidth: 0.7,
      legend: { showLegend: rest.some((column) => column.line), displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'multi', sort: 'none' },
    },
  };
}

function stats(panel: Panel): Drawn {
  const main = panel.columns[0] as Column;
  return {
    type: 'stat',
    fieldConfig: {
      defaults: { ...defaults(panel, main), color: { mode: 'fixed' as FieldColorModeId, fixedColor: 'text' } },
      overrides: [
        byName('time', { 'custom.hidden': true }),
        ...panel.columns.map((column) => byName(column.name, { ...named(column), ...judged(column) })),
      ],
    },
    options: {
      colorMode: 'value',
      graphMode: 'none',
      textMode: 'value_and_name',
      wideLayout: true,
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

function table(panel: Panel): Drawn {
  const main = panel.columns[0] as Column;
  return {
    type: 'table',
    fieldConfig: {
      defaults: { ...defaults(panel, main), custom: { align: 'auto', filterable: true } },
      overrides: [
        ...(panel.visual === 'table' ? [byName('time', { 'custom.hidden': true })] : []),
        ...panel.keys.map((key) => byName(key, { displayName: key.replaceAll('_', ' '), ...linked(key) })),
        ...panel.columns.map((column) =>
          byName(column.name, {
            ...named(column),
            ...(column.thresholds && { ...judged(column), 'custom.cellOptions': { type: 'color-text' } }),
          }),
        ),
      ],
    },
    options: { showHeader: true, cellHeight: 'sm' },
  };
}

/** A trace can be looked at here, also by people who may not open Explore, and in Jaeger; a tag has its calls. */
function linked(key: string): Properties {
  const calls = `/d/${uidOf('calls')}?\${__url_time_range}&\${datasource:queryparam}&\${environment:queryparam}`;
  if (key === 'trace_id')
    return {
      'custom.width': 140,
      links: [
        { title: 'Show the trace', url: `${calls}&var-trace_id=\${__value.raw}` },
        { title: 'Open in Jaeger', url: `\${jaeger}/trace/\${__value.raw}`, targetBlank: true },
      ],
    };
  if (key === 'tag') return { links: [{ title: 'Calls of this tag', url: `${calls}&var-tag=\${__value.raw}` }] };
  return {};
}

const named = (column: Column): Properties => ({ displayName: column.title, unit: units[column.unit] });

const judged = (column: Column): Properties =>
  column.thresholds ? { color: { mode: 'thresholds' }, thresholds: thresholds(column) } : {};

function defaults(panel: Panel, main: Column): FieldConfigSource['defaults'] {
  return {
    unit: units[main.unit],
    noValue: panel.empty,
    color: { mode: 'palette-classic-by-name' as FieldColorModeId },
    thresholds: thresholds(main),
  };
}

/** From which value on which colour: above a limit it is worse, or below, by the order of the two. */
function thresholds({ thresholds: limits, band }: Column) {
  const steps: { value: number | null; color: string }[] = [{ value: null, color: 'text' }];
  if (band) steps.push({ value: band[0], color: attention.look }, { value: band[1], color: attention.look });
  if (limits && limits[0] <= limits[1])
    steps.push({ value: limits[0], color: attention.look }, { value: limits[1], color: attention.bad });
  if (limits && limits[0] > limits[1])
    steps.splice(
      0,
      1,
      { value: null, color: attention.bad },
      { value: limits[1], color: attention.look },
      { value: limits[0], color: 'text' },
    );
  return { mode: 'absolute' as ThresholdsMode, steps };
}

/** Matches a column by its name in the SQL, whatever labels its series carry. */
const byName = (name: string, properties: Properties): Overrides[number] => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});

const tierOverrides = (): Overrides =>
  Object.entries(tierColors).map(([tier, color]) => byName(tier, { color: { mode: 'fixed', fixedColor: color } }));
