/**
 * A "panel" is one number, or a few that belong together, on every screen: Grafana, the terminal report, the built-in
 * page. It is defined once: here in words, and in SQL by the file `sql/<id>.sql`.
 */

/** USD; part of one (0.08 = 8 %); seconds; the rubric's own scale; things counted; a number without a unit. */
export type Unit = 'usd' | 'share' | 's' | 'score' | 'count' | 'number';

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
  /** From where it deserves a look, and from where it is bad; the other way round where less is worse. */
  readonly thresholds?: readonly [look: number, bad: number];
  /** Where it is usual for it to lie. */
  readonly band?: readonly [low: number, high: number];
  /** So many orders of magnitude lie between what it can be that only a logarithmic axis shows them. */
  readonly logarithmic?: true;
  /** Over time it has a line of its own beside the panel's first column, which always has one. */
  readonly line?: true;
}

/**
 * Over time: `lines`, `stacked lines`, `stacked bars`, `band` (a line between its own limits), `heatmap`.
 * Of the whole range: `stats` (one row), `table`, `bars` (one per row, of the first column).
 * `list`: rows as they happened, newest first. `trace`: the spans of one trace.
 */
export type Visual =
  | 'lines'
  | 'stacked lines'
  | 'stacked bars'
  | 'band'
  | 'heatmap'
  | 'stats'
  | 'table'
  | 'bars'
  | 'list'
  | 'trace';

/** What a screen can be narrowed to: several values, or all. The SQL takes each as `{name:Array(String)}`. */
export const filters = ['environment', 'tag', 'tier', 'route_version'] as const;
export type Filter = (typeof filters)[number];

export interface Panel {
  /** Also the name of its SQL file. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly visual: Visual;
  /** Text columns, those that tell the rows of one time apart first; the SQL gives them after `time` and before the numbers. */
  readonly keys: readonly string[];
  /** The first is what the title speaks of. */
  readonly columns: readonly Column[];
  /** What to say when there is nothing: which signal is missing, and how to send it. */
  readonly empty: string;
  /** Width of a point where it is not for the screen to choose: a day has 86,400. */
  readonly stepSeconds?: number;
  /** Where a screen can, one such panel for each chosen value. */
  readonly repeat?: Filter;
  /** Dashboards that answer what one asks next. */
  readonly links?: readonly string[];
}

export interface Dashboard {
  /** In links and file names. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  /** Ids of panels, in order. */
  readonly panels: readonly Panel[];
  /** What its ad-hoc filters are about: the table that most of its panels read, by `adhoc_<table>.sql`. */
  readonly adhoc: 'calls' | 'calls_1m' | 'scores';
  /** Alarms and decisions are drawn over its charts too. */
  readonly alarms?: true;
  readonly filters: readonly Filter[];
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
  /** What it means that there is no row at all. @default 'quiet' */
  readonly whenEmpty?: 'quiet' | 'alert';
}
