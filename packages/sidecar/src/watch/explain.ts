/** Finds out what an alarm can say beyond its evidence: how much for certain, with which release, where, at what cost. */
import type { Ask, DriftRow } from '@routescope/panels';
import { type Alarm, type Findings, isoOf, type Suspect } from './alarm.ts';
import { countsOf, type Period, pinnedOf } from './counts.ts';
import { markersOf } from './markers.ts';
import { createJudge } from './replay.ts';
import { type DriftSettings, multiplesOf } from './settings.ts';
import { limitOf, ratedCalls } from './signals.ts';

export interface Places {
  /** Where people look on, without a slash at the end. */
  readonly grafanaUrl?: string | undefined;
  readonly jaegerUrl?: string | undefined;
}

const ofKey = 'environment = {environment:String} AND tag = {tag:String} AND first_model = {first_model:String}';
const minuteOf = (stored: string): number => Math.floor(Date.parse(isoOf(stored)) / 60_000);

/** @param now epoch minute, as the row was asked for. */
export async function findingsOf(
  ask: Ask,
  row: DriftRow,
  now: number,
  settings: DriftSettings,
  places: Places,
): Promise<Findings> {
  const { signal, environment, tag, first_model } = row;
  const key = { signal, environment, tag, first_model };
  const limit = await limitOf(ask, key);
  const releases = await releasesOf(ask, key, now);
  const [confirmedMultiple, { extraCostUsdPerDay, suspect }, examples] = await Promise.all([
    confirmed(ask, row, key, releases, now, settings),
    compare(ask, row, { ...key, limit }, now),
    examplesOf(ask, row, { ...key, limit }, now),
  ]);
  return {
    confirmedMultiple,
    limit,
    release: nearest(releases, row),
    extraCostUsdPerDay,
    suspect,
    links: linksTo(row, examples, places),
  };
}

type Key = Readonly<Record<'signal' | 'environment' | 'tag' | 'first_model', string>>;
type Rated = Key & { readonly limit: number | null };

interface Release {
  readonly what: string;
  readonly version: string;
  readonly m: number;
}

async function releasesOf(ask: Ask, key: Key, now: number): Promise<readonly Release[]> {
  const rows = (await ask(
    `SELECT what, version, intDiv(toUnixTimestamp(min(first_at)), 60) AS m
     FROM routescope.versions_1h WHERE ${ofKey} AND version != '' GROUP BY what, version
     UNION ALL
     SELECT kind AS what, name AS version, intDiv(toUnixTimestamp(at), 60) AS m
     FROM routescope.events FINAL
     WHERE kind IN ('deploy', 'route_table') AND environment IN ('', {environment:String}) AND tag IN ('', {tag:String}) AND model IN ('', {first_model:String})`,
    key,
  )) as { what: string; version: string; m: number }[];
  const all = rows.map((each) => ({ ...each, m: Number(each.m) })).filter(({ m }) => m < now);
  // What was there from the start is no release.
  return all.filter(
    ({ what, m }) =>
      what === 'deploy' || what === 'route_table' || all.some((other) => other.what === what && other.m < m),
  );
}

/** The release with which the change began, if one is near enough to its beginning. */
function nearest(releases: readonly Release[], row: DriftRow): Alarm['release'] {
  const [at, from, to] = [row.began_at, row.began_from, row.began_to].map(minuteOf) as [number, number, number];
  const near = releases
    .filter(({ m }) => m >= from - 60 && m <= to + 30)
    .sort((a, b) => Math.abs(a.m - at) - Math.abs(b.m - at))[0];
  return near ? { what: near.what, version: near.version, at: new Date(near.m * 60_000).toISOString() } : null;
}

async function confirmed(
  ask: Ask,
  row: DriftRow,
  key: Key,
  releases: readonly Release[],
  now: number,
  settings: DriftSettings,
): Promise<number> {
  const [minutes, events] = await Promise.all([
    ask(
      `SELECT m, units, fallbacks FROM routescope.units_1m
       WHERE signal = {signal:String} AND day >= toDate(toDateTime({from:UInt32})) AND ${ofKey}`,
      { ...key, from: (now - 41_000) * 60 },
    ),
    ask(
      `SELECT kind, state, intDiv(toUnixTimestamp(at), 60) AS m, intDiv(toUnixTimestamp(coalesce(since, at)), 60) AS m_since,
         numbers['units'] AS units, numbers['fallbacks'] AS fallbacks
       FROM routescope.events FINAL
       WHERE kind IN ('pin', 'alarm') AND if(signal = '', 'fallback', signal) = {signal:String} AND environment IN ('', {environment:String}) AND tag IN ('', {tag:String}) AND model IN ('', {first_model:String})`,
      key,
    ),
  ]);
  const said = (events as Record<string, unknown>[]).map((each) => ({
    kind: String(each['kind']),
    state: String(each['state']),
    m: Number(each['m']),
    since: Number(each['m_since']),
    units: Number(each['units']),
    fallbacks: Number(each['fallbacks']),
  }));
  const from = minuteOf(row.baseline_from);
  const excluded: Period[] = said
    .filter(({ kind, state }) => kind === 'alarm' && state === 'recovered')
    .map(({ since, m }) => ({ from: Math.floor(since / 30) * 30, to: Math.ceil(m / 30) * 30 }));
  const pins = said.filter(({ kind, m }) => kind === 'pin' && m >= from && m < now);
  const direction = row.question === 'fall' ? -1 : 1;
  return createJudge({
    counts: countsOf(
      (minutes as Record<string, unknown>[]).map((each) => ({
        minute: Number(each['m']),
        units: Number(each['units']),
        fallbacks: Number(each['fallbacks']),
      })),
      now,
      [{ from: 0, to: from }, ...excluded],
    ),
    markers: markersOf(
      releases.map(({ m: at }) => ({ at })),
      row.threshold_minutes,
    ),
    monitorFrom: minuteOf(row.monitored_from),
    ...pinnedOf(pins),
    multiples: multiplesOf(settings).map((multiple) => multiple ** direction),
    tolerance: (1 + settings.wobble) ** direction,
  }).confirmed(now, row.threshold_minutes);
}

/** Signals of which one that goes wrong is paid for. */
const costsMore: ReadonlySet<string> = new Set(['fallback', 'cost', 'routing']);

const dimensions = [
  'prompt_version',
  'service_version',
  'route_version',
  'validation_version',
  'feature',
  'user_segment',
];

/** Calls before and after, by everything that may explain the change; and what a fallback costs. */
async function compare(ask: Ask, row: DriftRow, key: Rated, now: number) {
  const asked = [...dimensions, 'route_reason'];
  const rows = (await ask(
    `SELECT dimension, value, countIf(NOT after) AS n0, countIf(fell AND NOT after) AS k0, countIf(after) AS n1, countIf(fell AND after) AS k1,
       toFloat64(avgIf(cost_usd, fell)) AS cost_fell, toFloat64(avgIf(cost_usd, NOT fell)) AS cost_else
     FROM (
       SELECT dimension, value, started_at >= toDateTime({began:UInt32}) AS after, fell, cost_usd
       FROM (${ratedCalls(row.signal)})
       ARRAY JOIN ['', ${asked.map((name) => `'${name}'`).join(', ')}] AS dimension, ['', ${asked.map((name) => `toString(${name})`).join(', ')}] AS value
     )
     GROUP BY dimension, value`,
    { ...key, began: minuteOf(row.began_at) * 60, from: minuteOf(row.baseline_from) * 60, to: now * 60 },
  )) as Record<string, unknown>[];
  const read = rows.map((each) => ({
    dimension: String(each['dimension']),
    value: String(each['value']),
    n0: Number(each['n0']),
    k0: Number(each['k0']),
    n1: Number(each['n1']),
    k1: Number(each['k1']),
    fell: each['cost_fell'] === null ? null : Number(each['cost_fell']),
    otherwise: each['cost_else'] === null ? null : Number(each['cost_else']),
  }));
  const all = read.find(({ dimension }) => dimension === '');
  if (!all || all.n0 === 0 || all.n1 === 0) return { extraCostUsdPerDay: null, suspect: null };
  const excess = all.k1 / all.n1 - all.k0 / all.n0;
  const days = Math.max(now - minuteOf(row.began_at), 60) / 1_440;
  const extraCostUsdPerDay =
    !costsMore.has(row.signal) || all.fell === null || all.otherwise === null || Number.isNaN(all.fell + all.otherwise)
      ? null
      : excess * (all.n1 / days) * (all.fell - all.otherwise);
  // A share is what the reasons make it: which of them is told where nothing behind it is found.
  const behind = suspectAmong(read, excess, all, dimensions);
  const suspect = behind ?? (row.signal === 'routing' ? suspectAmong(read, excess, all, ['route_reason']) : null);
  return { extraCostUsdPerDay, suspect };
}

interface Split {
  readonly dimension: string;
  readonly value: string;
  readonly n0: number;
  readonly k0: number;
  readonly n1: number;
  readonly k1: number;
}

/**
 * Kitagawa's split of the excess, value by value: its own rate changed, or it is met more often. The suspect is the
 * value that explains most of it, and more than half, among dimensions that have more than one.
 */
function suspectAmong(
  splits: readonly Split[],
  excess: number,
  all: Omit<Split, 'dimension' | 'value'>,
  dimensions: readonly string[],
): Suspect | null {
  const candidates: Suspect[] = [];
  for (const dimension of dimensions) {
    const values = splits.filter((each) => each.dimension === dimension);
    if (values.length < 2) continue;
    for (const { value, n0, k0, n1, k1 } of values) {
      if (n1 === 0) continue;
      const [share0, share1] = [n0 / all.n0, n1 / all.n1];
      // A value that is new had no rate: it is held against everybody's.
      const rate0 = n0 > 0 ? k0 / n0 : all.k0 / all.n0;
      const rate1 = k1 / n1;
      const within = n0 > 0 ? ((rate1 - rate0) * (share0 + share1)) / 2 : (rate1 - rate0) * share1;
      const mix = n0 > 0 ? (share1 - share0) * ((rate0 + rate1) / 2 - all.k0 / all.n0) : 0;
      candidates.push({ dimension, value, within: round(within / excess), mix: round(mix / excess), is_new: n0 === 0 });
    }
  }
  const [best] = candidates.sort((a, b) => b.within + b.mix - (a.within + a.mix));
  return best && best.within + best.mix > 0.5 ? best : null;
}

const round = (x: number): number => Number(x.toFixed(3));

async function examplesOf(ask: Ask, row: DriftRow, key: Rated, now: number): Promise<readonly string[]> {
  const rows = (await ask(
    `SELECT trace_id FROM (${ratedCalls(row.signal)}) WHERE fell ORDER BY started_at DESC LIMIT 3`,
    { ...key, from: minuteOf(row.began_at) * 60, to: now * 60 },
  )) as { trace_id: string }[];
  return rows.map(({ trace_id }) => trace_id);
}

function linksTo(row: DriftRow, examples: readonly string[], { grafanaUrl, jaegerUrl }: Places): Alarm['links'] {
  const from = (minuteOf(row.began_at) - 1_440) * 60_000;
  return {
    traces: jaegerUrl ? examples.map((id) => `${jaegerUrl}/trace/${id}`) : examples,
    ...(grafanaUrl && {
      grafana: `${grafanaUrl}/d/routescope-fallback-drift?var-tag=${encodeURIComponent(row.tag)}&from=${from}&to=now`,
    }),
  };
}
