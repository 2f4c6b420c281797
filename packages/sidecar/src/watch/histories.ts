/** Histories to replay: from a file of buckets, or from the store. */
import type { Ask } from '@routescope/panels';
import type { History } from './backtest.ts';
import { renewedBy, type Signal } from './signals.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

const keyOf = (each: Pick<History, 'environment' | 'tag' | 'model'>): string =>
  JSON.stringify([each.environment, each.tag, each.model]);

const emptyHistory = (environment: string, tag: string, model: string): Mutable<History> => ({
  ...{ environment, tag, model },
  ...{ rows: [], releases: [], accepted: [], pins: [], silences: [], changes: [] },
});

const eventNames = ['release', 'accept', 'pin', 'silence', 'change'];
/** Counts are kept minute by minute; ten years of one key is as much as there is room for. */
const longest = 10 * 366 * 1_440;

/**
 * @param text JSON lines as docs/drift.md has them, whole or line by line.
 * @param file how errors name it.
 * @throws Error that says which line is wrong.
 */
export function parseBuckets(text: string | Iterable<string>, file: string): History[] {
  const found = new Map<string, Mutable<History>>();
  const firstMinutes = new Map<string, number>();
  let index = -1;
  for (const line of typeof text === 'string' ? text.split('\n') : text) {
    index++;
    if (line.trim() === '') continue;
    const number = index + 1;
    const wrong = (what: string): Error => new Error(`${file}, line ${number}: ${what}`);
    let read: unknown;
    try {
      read = JSON.parse(index === 0 ? line.replace(/^\uFEFF/, '') : line);
    } catch {
      throw wrong('expected one JSON object a line');
    }
    if (typeof read !== 'object' || read === null || Array.isArray(read))
      throw wrong('expected one JSON object a line');
    const {
      environment = '',
      tag,
      model = '',
      units,
      fallbacks,
      event,
      since,
      until,
      ...more
    } = read as Record<string, unknown>;
    for (const [name, value] of Object.entries({ environment, tag, model }))
      if (typeof value !== 'string') throw wrong(`expected a "${name}", a text`);
    const minuteOf = (name: string, value: unknown): number => {
      const minute = typeof value === 'number' ? value : Math.floor(Date.parse(String(value)) / 60_000);
      if (!Number.isInteger(minute) || minute < 0 || minute > 1e8)
        throw wrong(`expected a "${name}": epoch minutes, or an ISO time`);
      return minute;
    };
    const at = minuteOf('minute', more['minute']);
    const place = [environment, tag, model] as [string, string, string];
    const key = JSON.stringify(place);
    const history = found.get(key) ?? emptyHistory(...place);
    found.set(key, history);
    const counts = (): { units: number; fallbacks: number } => {
      const isCount = (value: unknown): value is number =>
        typeof value === 'number' && Number.isFinite(value) && value >= 0;
      if (!isCount(units) || !isCount(fallbacks)) throw wrong('expected "units" and "fallbacks", numbers from 0');
      return { units, fallbacks };
    };
    if (event === undefined) {
      const first = firstMinutes.get(key) ?? at;
      firstMinutes.set(key, Math.min(first, at));
      if (Math.abs(at - first) > longest) throw wrong('its minute is more than ten years from others of its key');
      history.rows.push({ minute: at, ...counts() });
    } else if (event === 'release') history.releases.push({ at });
    else if (event === 'accept')
      history.accepted.push({ at, since: since === undefined ? undefined : minuteOf('since', since) });
    else if (event === 'pin') history.pins.push({ at, ...counts() });
    else if (event === 'silence') history.silences.push({ at, until: minuteOf('until', until) });
    else if (event === 'change') history.changes.push(at);
    else throw wrong(`"event" ${JSON.stringify(event)} is none of ${eventNames.join(', ')}`);
  }
  return [...found.values()].filter(({ rows }) => rows.length > 0);
}

type Row = Readonly<Record<string, string | number | null>>;

/** Everything the store counts of a signal, by key, with what was decided about it and when. */
export async function storedHistories(ask: Ask, signal: Signal = 'fallback'): Promise<History[]> {
  const rows = (await ask(
    `SELECT environment, tag, first_model AS model, m AS minute, units, fallbacks
     FROM routescope.units_1m WHERE signal = {signal:String} AND (units > 0 OR fallbacks > 0)`,
    { signal },
  )) as Row[];
  const versions = (await ask(versionsSeen, {})) as Row[];
  const said = (await ask(
    `SELECT kind, environment, tag, model, intDiv(toUnixTimestamp(at), 60) AS minute,
       intDiv(toUnixTimestamp(since), 60) AS since, intDiv(toUnixTimestamp(until), 60) AS until,
       numbers['units'] AS units, numbers['fallbacks'] AS fallbacks
     FROM routescope.events FINAL WHERE kind IN ('deploy', 'route_table', 'accept', 'limit', 'pin', 'silence')
       AND if(signal = '' AND kind = 'pin', 'fallback', signal) IN ('', {signal:String}) ORDER BY at`,
    { signal },
  )) as Row[];
  const found = new Map<string, Mutable<History>>();
  for (const row of rows) {
    const place = [row['environment'], row['tag'], row['model']].map(String) as [string, string, string];
    const key = JSON.stringify(place);
    const history = found.get(key) ?? emptyHistory(...place);
    found.set(key, history);
    history.rows.push({
      minute: Number(row['minute']),
      units: Number(row['units']),
      fallbacks: Number(row['fallbacks']),
    });
  }
  const optional = (value: unknown): number | undefined => (value === null ? undefined : Number(value));
  for (const row of versions) {
    const history = found.get(JSON.stringify([row['environment'], row['tag'], row['model']]));
    const [at, until] = [Number(row['minute']), optional(row['until'])];
    history?.releases.push({ at, until });
    // Another validator means another thing by a fallback, another table by a share.
    if (row['what'] === renewedBy(signal) && until === undefined) history?.accepted.push({ at, since: at });
  }
  for (const history of found.values())
    for (const each of said) {
      if (
        !(['environment', 'tag', 'model'] as const).every((name) => each[name] === '' || each[name] === history[name])
      )
        continue;
      const at = Number(each['minute']);
      // A limit begins a series anew, as an acceptance does.
      if (each['kind'] === 'accept' || each['kind'] === 'limit')
        history.accepted.push({ at, since: optional(each['since']) });
      else if (each['kind'] === 'pin')
        history.pins.push({ at, units: Number(each['units']), fallbacks: Number(each['fallbacks']) });
      else if (each['kind'] === 'silence') history.silences.push({ at, until: optional(each['until']) ?? at });
      else history.releases.push({ at });
    }
  return [...found.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/**
 * When versions that were not there from the start were first seen, with a hundredth of the calls of an hour; and while
 * an hour is not over, whatever is seen in it.
 */
const versionsSeen = `
  SELECT environment, tag, first_model AS model, what, minute, until
  FROM (
      SELECT environment, tag, first_model, what, version, intDiv(toUnixTimestamp(min(seen_at)), 60) AS minute,
          if(share >= 0.01, NULL, intDiv(toUnixTimestamp(any(hour)), 60) + 60) AS until,
          min(minute) OVER (PARTITION BY environment, tag, first_model, what) AS earliest
      FROM (
          SELECT environment, tag, first_model, what, version, hour, min(first_at) AS seen_at,
              sum(calls) / sum(sum(calls)) OVER (PARTITION BY environment, tag, first_model, what, hour) AS share
          FROM routescope.versions_1h
          WHERE NOT (what = 'validation_version' AND version = '')
          GROUP BY environment, tag, first_model, what, version, hour
      )
      GROUP BY environment, tag, first_model, what, version, if(share >= 0.01, NULL, hour) AS thin, share >= 0.01 AS counts
  )
  WHERE minute > earliest`;
