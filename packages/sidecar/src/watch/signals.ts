/** What the detector watches beside fallbacks: numbers of calls and sessions, each as a rate beyond a frozen limit; routing. */
import type { Ask } from '@routescope/panels';
import type { DriftSettings } from './settings.ts';

/** `fallback`, `latency`, `cost`, `override`, `routing`, and `score:<rubric>` for every rubric somebody scores by. */
export type Signal = string;

export const isSignal = (text: string): boolean => /^(fallback|latency|cost|override|routing|score:.+)$/s.test(text);
export const signalNames = 'fallback, latency, cost, override, routing or score:RUBRIC';

/** What a new version of begins a series of that signal anew: another validator, another table mean another rate. */
export const renewedBy = (signal: Signal): string | undefined =>
  ({ fallback: 'validation_version', routing: 'route_version' })[signal];

/**
 * What the other signals together may use of the promise about false alarms, on top of what fallbacks have: a tag that is
 * told of everything is told falsely a fifth more often.
 */
const partOfOthers = 0.2;

/** The settings as they hold for one signal. @param others how many signals share that part. */
export function settingsFor(settings: DriftSettings, signal: Signal, others: number): DriftSettings {
  if (signal === 'fallback') return settings;
  const part = partOfOthers / Math.max(others, 1);
  return { ...settings, weeksPerTag: settings.weeksPerTag / part, weeksInAll: settings.weeksInAll / part };
}

/** The signals that have a limit for some key, and routing where a day of it is over, in the order of their turns. */
export async function otherSignals(ask: Ask): Promise<readonly Signal[]> {
  const rows = (await ask(
    `SELECT signal FROM routescope.drift_limits
     UNION DISTINCT SELECT toString(u.signal) AS signal FROM routescope.units_1d AS u WHERE u.signal = 'routing' LIMIT 1`,
    {},
  )) as { signal: Signal }[];
  return rows.map(({ signal }) => signal).sort();
}

/** What a rate is the rate of. @param limit of the signal; null where it has none. */
export function rateOfWhat(signal: Signal, limit: number | null, units: string): string {
  const beyond = limit === null ? 'its limit' : String(Number(limit.toPrecision(3)));
  if (signal === 'fallback') return 'fallback rate';
  if (signal === 'routing') return `share of ${units} sent to it first`;
  if (signal === 'override') return 'human override rate';
  if (signal === 'latency') return `share of ${units} slower than ${beyond} s`;
  if (signal === 'cost') return `share of ${units} dearer than ${beyond} USD`;
  return `share of ${units} scored below ${beyond} by ${signal.slice('score:'.length)}`;
}

/** What those that went wrong are called. */
export const wrongOnes = (signal: Signal): string =>
  ({ fallback: 'fallbacks', override: 'overrides', latency: 'slower', cost: 'dearer', routing: 'sent to it' })[
    signal
  ] ?? 'lower';

type Key = Readonly<Record<'signal' | 'environment' | 'tag' | 'first_model', string>>;

/** The limit of a key that holds now; null for fallbacks and routing. */
export async function limitOf(ask: Ask, key: Key): Promise<number | null> {
  if (key.signal === 'fallback' || key.signal === 'routing') return null;
  const [row] = (await ask(
    `SELECT argMax(limit, since) AS limit FROM routescope.drift_limits
     WHERE signal = {signal:String} AND environment = {environment:String} AND tag = {tag:String} AND first_model = {first_model:String}`,
    key,
  )) as { limit: number }[];
  return Number(row?.limit ?? 0);
}

/**
 * The calls of a key that a signal speaks of, as columns of `calls` and `fell`: whether they went wrong. Bound are the
 * key, `limit`, and `from` and `to` in epoch seconds.
 */
export function ratedCalls(signal: Signal): string {
  const within = `environment = {environment:String} AND tag = {tag:String} AND first_model = {first_model:String}`;
  const then = 'started_at >= toDateTime({from:UInt32}) AND started_at < toDateTime({to:UInt32})';
  if (signal === 'fallback')
    return `SELECT *, fallback_count > 0 AS fell FROM routescope.calls WHERE ${within} AND checked AND ${then}`;
  if (signal === 'routing')
    return `SELECT *, first_model = {first_model:String} AND diverted_count = 0 AS fell FROM routescope.calls
      WHERE environment = {environment:String} AND tag = {tag:String} AND ${then}
        AND route_version != '' AND first_model != '' AND experiment = '' AND route_reason != 'budget'`;
  const beyond = signal.startsWith('score:') ? 'value < {limit:Float64}' : 'value > {limit:Float64}';
  return `SELECT c.*, v.fell AS fell
    FROM routescope.calls AS c
    INNER JOIN (
        SELECT call_id, max(${beyond}) AS fell FROM routescope.drift_values
        WHERE signal = {signal:String} AND ${within} AND day >= toDate(toDateTime({from:UInt32}))
        GROUP BY call_id
    ) AS v ON v.call_id = c.call_id
    WHERE c.environment = {environment:String} AND c.tag = {tag:String} AND ${then}`;
}
