/** `routescope report`: every panel of the store as text for a terminal, or as JSON. */
import {
  type Ask,
  type Column,
  dashboards,
  type Panel,
  type PanelRow,
  type Range,
  readPanel,
  reported,
} from '@routescope/panels';
import { withStore } from './ask.ts';
import { clickhouse, serverFrom } from './clickhouse.ts';
import { command, UsageError } from './command.ts';
import { data, json, token, url } from './options.ts';
import { alignedTable, type Cell, count, number, wrapped } from './table.ts';

export const reportCommand = command({
  name: 'report',
  summary: 'cost, fallbacks, scores, overrides, latency',
  options: {
    url: { ...url, help: 'the sidecar to ask; with none running, the data directory is opened instead' },
    token,
    data,
    ...clickhouse,
    dashboard: {
      type: 'string',
      value: 'NAME',
      help: `everything of one dashboard: ${dashboards.map(({ id }) => id).join(', ')}`,
    },
    from: { type: 'string', value: 'TIME', help: 'ISO time, or -7d, -24h, -90m before --to' },
    to: { type: 'string', value: 'TIME', help: 'ISO time, or as --from before now' },
    json,
  },
  run: ({ values, given }, { print, log, color }) =>
    withStore(
      {
        url: values.url,
        token: values.token,
        dataDirectory: values.data,
        explicitUrl: given.has('url'),
        explicitData: given.has('data'),
        server: serverFrom(values),
        log,
      },
      (ask) =>
        report(
          ask,
          { from: values.from, to: values.to, json: values.json, color, panels: panelsOf(values.dashboard) },
          print,
        ),
    ),
});

/** Of one dashboard what a terminal can show, else what a report always has. */
function panelsOf(name: string | undefined): readonly Panel[] {
  if (name === undefined) return reported;
  const dashboard = dashboards.find(({ id }) => id === name);
  if (!dashboard) throw new UsageError(`--dashboard ${name}: there are ${dashboards.map(({ id }) => id).join(', ')}`);
  return dashboard.panels.filter(({ visual, id }) => visual !== 'trace' && id !== 'attempts_of_trace');
}

export interface ReportOptions {
  /** ISO time, or `-7d`, `-24h`, `-90m` before `to`. Default `-7d`. */
  readonly from?: string | undefined;
  /** ISO time, or `now`, or as `from` before now. Default `now`. */
  readonly to?: string | undefined;
  /** One object `{ from, to, panels: { <panel id>: rows } }` instead of text. */
  readonly json: boolean;
  readonly color: boolean;
  /** @default what a report always has */
  readonly panels?: readonly Panel[];
  /** Epoch milliseconds; default the machine's clock. */
  readonly now?: number;
}

const week = 7 * 86_400_000;
const minute = 60_000;

/**
 * Asks every panel's question and prints the answers.
 * @throws Error that says which time cannot be read, or that the range is empty.
 */
export async function report(ask: Ask, options: ReportOptions, print: (text: string) => void): Promise<void> {
  const { range, note } = await rangeOf(ask, options);
  const answers: (readonly [Panel, readonly PanelRow[]])[] = [];
  for (const panel of options.panels ?? reported) answers.push([panel, await readPanel(ask, panel, range)]);
  const from = new Date(range.from).toISOString();
  const to = new Date(range.to).toISOString();
  if (options.json) {
    const rows = Object.fromEntries(answers.map(([panel, found]) => [panel.id, found]));
    print(JSON.stringify({ from, to, panels: rows }, null, 2));
    return;
  }
  const paint = painter(options.color);
  print(`${paint('bold', 'Routescope report')}  ${shortTime(range.from)} to ${shortTime(range.to)} UTC`);
  if (note !== undefined) print(wrapped(note, ''));
  for (const [panel, rows] of answers) print(section(panel, rows, paint));
}

/** Whole minutes, as the rollups are. With no range asked for and nothing in it, the newest week that holds data. */
async function rangeOf(ask: Ask, options: ReportOptions): Promise<{ range: Range; note?: string }> {
  const now = options.now ?? Date.now();
  const to = Math.ceil(parseTime('--to', options.to ?? 'now', now) / minute) * minute;
  const from = Math.floor(parseTime('--from', options.from ?? '-7d', to) / minute) * minute;
  if (from >= to) throw new Error(`--from ${shortTime(from)} is not before --to ${shortTime(to)}`);
  const newest = await newestCall(ask);
  if (newest === undefined || (newest >= from && newest < to)) return { range: { from, to } };
  const told = `The newest call is of ${shortTime(newest)} UTC`;
  if (options.from !== undefined || options.to !== undefined) return { range: { from, to }, note: `${told}.` };
  const until = newest + minute;
  return { range: { from: until - week, to: until }, note: `${told}; this is the week up to it.` };
}

async function newestCall(ask: Ask): Promise<number | undefined> {
  const rows = await ask(
    'SELECT toUnixTimestamp(max(minute)) AS newest_s FROM routescope.calls_1m HAVING count() > 0',
    {},
  );
  const row = rows[0] as { newest_s: number } | undefined;
  return row && Number(row.newest_s) * 1_000;
}

const unitMs = { d: 86_400_000, h: 3_600_000, m: minute } as const;

export function parseTime(option: string, text: string, base: number): number {
  if (text === 'now') return base;
  const [, length, unit] = /^-(\d+)([dhm])$/.exec(text) ?? [];
  if (length !== undefined) return base - Number(length) * unitMs[unit as keyof typeof unitMs];
  const time = /^\d{4}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`${option} ${text}: expected an ISO time, now, or -7d, -24h, -90m`);
  return time;
}

const shortTime = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

function section(panel: Panel, rows: readonly PanelRow[], paint: Paint): string {
  const heading = `\n${paint('bold', panel.title)}\n${paint('dim', wrapped(panel.question, ''))}\n`;
  const nothing = `not enough data: ${panel.empty}`;
  if (rows.length === 0) return heading + wrapped(nothing);

  const header: Cell[] = [
    ...panel.keys.map((key) => ({ text: words(key), left: true })),
    ...panel.columns.map((column) => ({ text: column.title })),
  ];
  const body = rows.map((row): Cell[] => [
    ...panel.keys.map((key) => ({ text: String(row[key] || `(no ${words(key)})`), left: true })),
    ...panel.columns.map((column) => cell(column, row, rows, paint)),
  ]);
  const table = alignedTable([header.map((title) => ({ ...title, paint: (text) => paint('dim', text) })), ...body]);
  const notes = panel.columns.flatMap((column, index) =>
    index === 0 && rows.every((row) => row[column.name] === null) ? [nothing] : thin(panel, column, rows),
  );
  return [heading + table, ...notes.map((note) => paint('dim', wrapped(note)))].join('\n');
}

function cell(column: Column, row: PanelRow, rows: readonly PanelRow[], paint: Paint): Cell {
  const value = row[column.name] as number | null;
  if (isThin(column, row)) return { text: '-' };
  if (value === null) return { text: 'unknown' };
  const text = number(
    value,
    column.unit,
    rows.map((other) => other[column.name] as number | null),
  );
  const [look, bad] = column.thresholds ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (value < look) return { text };
  return { text, paint: (padded) => paint(value < bad ? 'yellow' : 'red', padded) };
}

/** Too few of what it is counted over to say anything. */
const isThin = (column: Column, row: PanelRow): boolean =>
  column.of !== undefined && Number(row[column.of]) < (column.least ?? 1);

/** One sentence per column whose number was held back somewhere. */
function thin(panel: Panel, column: Column, rows: readonly PanelRow[]): string[] {
  const held = rows.filter((row) => isThin(column, row));
  if (held.length === 0 || column.of === undefined) return [];
  const counted = words(column.of);
  const there = held.map((row) => {
    const name = panel.keys
      .slice(0, 3) // what tells rows apart stands first
      .map((key) => row[key] || `(no ${words(key)})`)
      .join(' ');
    return `${name || 'the range'} has ${count(Number(row[column.of as string]))}`;
  });
  return [`not enough data: ${column.title} needs ${count(column.least ?? 1)} ${counted}; ${there.join(', ')}`];
}

const words = (name: string): string => name.replaceAll('_', ' ');

type Paint = (style: keyof typeof styles, text: string) => string;

const styles = { bold: [1, 22], dim: [2, 22], yellow: [33, 39], red: [31, 39] } as const;

const painter =
  (color: boolean): Paint =>
  (style, text) =>
    color ? `\u001b[${styles[style][0]}m${text}\u001b[${styles[style][1]}m` : text;
