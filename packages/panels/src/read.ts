/** Asks a panel's question of a store. */
import { readFileSync } from 'node:fs';
import { type Alert, type Filter, filters, type Panel } from './definition.ts';
import { driftDefaults } from './drift-evidence.ts';

/** Runs one statement with bound parameters; rows as objects, numbers as the store's JSON gives them. */
export type Ask = (sql: string, parameters: Record<string, unknown>) => Promise<unknown[]>;

export interface Range {
  /** Epoch milliseconds, taken down to the whole minute: the rollups know no less. */
  readonly from: number;
  /** Epoch milliseconds, taken up to the whole minute; not in the range itself. */
  readonly to: number;
  /** Width of one point in seconds; left out, the whole range is one. */
  readonly stepSeconds?: number;
}

/** Which values to keep of each; none given, all. */
export type Chosen = Readonly<Partial<Record<Filter | 'trace_id', readonly string[]>>>;

/** `time`, the panel's keys, then its columns; a number that is unknown is null. */
export type PanelRow = Readonly<Record<string, string | number | null>>;

/** The statement of a panel or alert as it stands in its file, with `{name:Type}` parameters. */
export const sqlOf = (definition: Panel | Alert): string => statement(definition.id);

/**
 * Any statement by the name of its file; `{include name}` stands for another one, `{include name word=text}` for another
 * one with `text` for each `[word]`.
 */
export function statement(name: string): string {
  const sql = readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8');
  return sql.replaceAll(
    /\{include (\w+)(?: (\w+)=(\w+))?\}/g,
    (_, included: string, word: string | undefined, text: string | undefined) => {
      const other = statement(included).trim();
      return word === undefined || text === undefined ? other : other.replaceAll(`[${word}]`, text);
    },
  );
}

/** What the statement's parameters are bound to. */
export function parametersOf(panel: Panel, range: Range, chosen: Chosen = {}): Record<string, unknown> {
  const from = Math.floor(range.from / 60_000) * 60;
  const to = Math.ceil(range.to / 60_000) * 60;
  const bound: Record<string, unknown> = {
    from,
    to,
    step_s: panel.stepSeconds ?? range.stepSeconds ?? to - from,
    trace_id: chosen.trace_id?.[0] ?? '',
    ...driftDefaults,
  };
  for (const filter of filters) bound[filter] = chosen[filter] ?? [];
  const sql = sqlOf(panel);
  return Object.fromEntries(Object.entries(bound).filter(([name]) => sql.includes(`{${name}:`)));
}

/** @returns one row per key and point in time; none where the store holds nothing of the kind. */
export async function readPanel(ask: Ask, panel: Panel, range: Range, chosen?: Chosen): Promise<PanelRow[]> {
  const rows = await ask(sqlOf(panel), parametersOf(panel, range, chosen));
  const numbers = panel.columns.map((column) => column.name);
  return (rows as Record<string, string | number | null>[]).map((row) => withNumbers(row, numbers));
}

/** @returns one row per label set of the alert, its number as `value`, at the moment `to` (epoch milliseconds). */
export async function readAlert(ask: Ask, alert: Alert, to: number): Promise<PanelRow[]> {
  const sql = sqlOf(alert);
  const settings = sql.includes('{multiple:') ? driftDefaults : {};
  const rows = await ask(sql, { to: Math.floor(to / 1_000), ...settings });
  return (rows as Record<string, string | number | null>[]).map((row) => withNumbers(row, ['value']));
}

/** Some stores quote 64-bit numbers and decimals in JSON, some do not. */
function withNumbers(row: Record<string, string | number | null>, numbers: readonly string[]): PanelRow {
  const read = { ...row };
  for (const name of numbers) {
    const value = row[name];
    read[name] = value === null || value === undefined ? null : Number(value);
  }
  return read;
}
