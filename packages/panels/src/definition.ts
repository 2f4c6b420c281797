/**
 * A "panel" is one number, or a few that belong together, on every screen: Grafana, the terminal report, the built-in
 * page. It is defined once: here in words, and in SQL by the file `sql/<id>.sql`.
 */

/** USD; part of one (0.08 = 8 %); seconds; the rubric's own scale; things counted. */
export type Unit = 'usd' | 'share' | 's' | 'score' | 'count';

/** A number of a panel. Columns are listed in the order of the SQL. */
export interface Column {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** As the engine reports it. Nullable where the number may be unknown; a count never is. */
  readonly type: string;
  /** The column this is a rate or an average over; it stands beside it on every screen. */
  readonly of?: string;
  /** Below this many in `of`, the number says nothing yet. */
  readonly least?: number;
  /** From where it deserves a look, and from where it is bad. */
  readonly thresholds?: readonly [look: number, bad: number];
}

/** A series over time is of the panel's first column; `stats` and `table` are of the whole range. */
export type Visual = 'lines' | 'stacked lines' | 'stacked bars' | 'stats' | 'table';

export interface Panel {
  /** Also the name of its SQL file. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly visual: Visual;
  /** Text columns that tell the rows of one time apart; the SQL gives them after `time` and before the numbers. */
  readonly keys: readonly string[];
  /** The first is what the title speaks of. */
  readonly columns: readonly Column[];
  /** What to say when there is nothing: which signal is missing, and how to send it. */
  readonly empty: string;
}

export interface Alert {
  /** Also the name of its SQL file, which gives `keys` and one number called `value`. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  /** Labels of an instance; the SQL gives one row for each. */
  readonly keys: readonly string[];
  readonly unit: Unit;
  /** Fires while `value` is greater. */
  readonly above: number;
  /** Ends when `value` is less, so that it does not flutter. */
  readonly until: number;
  /** How long it must hold, minutes. */
  readonly forMinutes: number;
  /** The panel to look at. */
  readonly panel: string;
  /** One sentence; `{key}` stands for a label, `{value}` for the number. */
  readonly summary: string;
  /** What to do first. */
  readonly advice: string;
}
