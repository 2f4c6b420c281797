/**
 * Freezes the limits that make a rate of a number: a call that took longer than nine in ten of a key's first days, a
 * session that cost more, an answer that was scored lower. A limit is a row of `events`, shared by all who look, and does
 * not move: what moves is the share beyond it. An acceptance of that signal has a new one learned, from then on.
 */
import type { Ask } from '@routescope/panels';
import type { WriteEvents } from './ask.ts';
import { lookback } from './settings.ts';

/** Of so many units one tenth is told apart from none and from two tenths. */
const leastUnits = 200;
const beyondShare = 0.1;
const minuteMs = 60_000;
const dayMs = 86_400_000;
const longestLearning = 7 * dayMs;
const keysAtOnce = 100;
/** Half hours, as baselines begin. */
const alignMs = 30 * minuteMs;

interface Key {
  readonly signal: string;
  readonly environment: string;
  readonly tag: string;
  readonly model: string;
}

/**
 * @param now epoch ms; later values are not looked at.
 * @param wobble rises below this share are no news: a limit is so much further off, where a number has a natural zero.
 * @returns ids of the limits frozen now.
 */
export async function freezeLimits(ask: Ask, write: WriteEvents, now: number, wobble: number): Promise<string[]> {
  const wanted = await wantedKeys(ask, now);
  const frozen: string[] = [];
  for (let i = 0; i < wanted.length; i += keysAtOnce) {
    const rows = (await ask(limitsOf, {
      ...columnsOf(wanted.slice(i, i + keysAtOnce)),
      wobble,
      share: beyondShare,
      least: leastUnits,
      from: Math.floor((now - lookback * minuteMs) / 1_000),
      now: Math.floor(now / 1_000),
    })) as (Key & { readonly since: number; readonly units: number; readonly limit: number })[];
    const events = rows.map(({ signal, environment, tag, model, since, units, limit }) => ({
      id: ['limit', signal, environment, tag, model, isoOf(Number(since) * 1_000)].join('/'),
      kind: 'limit',
      at: isoOf(now),
      since: isoOf(Number(since) * 1_000),
      signal,
      environment,
      tag,
      model,
      text: `${signal}: the limit is ${Number(limit).toPrecision(4)}, learned on ${units} units`,
      numbers: { limit: Number(limit), units: Number(units) },
    }));
    if (events.length > 0) await write(events);
    frozen.push(...events.map(({ id }) => id));
  }
  return frozen;
}

/**
 * The limit by the values of units, as the statement below has it; up to 10,000 of them, where it takes a sample of more.
 * @param values at least one. @param isLow whether lower is worse.
 */
export function limitAmong(values: readonly number[], isLow: boolean, wobble: number): number {
  const x = [...values].sort((a, b) => a - b);
  const some = Math.ceil(beyondShare * x.length);
  const [first, last] = [x[0] as number, x.at(-1) as number];
  if (isLow) return x.find((value) => value > (x[some - 1] as number)) ?? last;
  return (x.findLast((value) => value < (x.at(-some) as number)) ?? first) * (1 + wobble);
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** Keys that have no limit, or none since their last acceptance; and since when to learn one, epoch seconds. */
async function wantedKeys(ask: Ask, now: number): Promise<readonly (Key & { readonly since: number })[]> {
  const from = now - longestLearning;
  const keys = (await ask(seenKeys, { from: Math.floor(from / 1_000), now: Math.floor(now / 1_000) })) as Key[];
  if (keys.length === 0) return [];
  const said = (await ask(
    `SELECT kind, state, signal, environment, tag, model, toUnixTimestamp(coalesce(since, at)) AS since_s
     FROM routescope.events FINAL
     WHERE kind = 'limit' OR (signal != 'fallback' AND (kind = 'accept' OR (kind = 'alarm' AND state = 'accepted' AND signal != '')))
     ORDER BY toStartOfMinute(at), kind = 'limit', kind = 'alarm'`,
    {},
  )) as (Key & { readonly kind: string; readonly since_s: number })[];
  return keys.flatMap((key) => {
    const last = said
      .filter((each) =>
        (['signal', 'environment', 'tag', 'model'] as const).every(
          (name) => each[name] === '' || each[name] === key[name],
        ),
      )
      .at(-1);
    if (last?.kind === 'limit') return [];
    // Of an acceptance also what came before the last week belongs to the new normal.
    const since = last ? Number(last.since_s) * 1_000 : from;
    return [{ ...key, since: Math.ceil(since / alignMs) * (alignMs / 1_000) }];
  });
}

const columnsOf = (keys: readonly (Key & { readonly since: number })[]) => ({
  signals: keys.map(({ signal }) => signal),
  environments: keys.map(({ environment }) => environment),
  tags: keys.map(({ tag }) => tag),
  models: keys.map(({ model }) => model),
  sinces: keys.map(({ since }) => since),
});

/** Keys of the last week that may have enough to learn from, and a day of it. */
const seenKeys = `
  SELECT arrayJoin(['latency', 'cost']) AS signal, environment, tag, first_model AS model
  FROM routescope.calls_1m
  WHERE minute >= toDateTime({from:UInt32}) AND minute < toDateTime({now:UInt32})
  GROUP BY environment, tag, model
  HAVING sum(calls) >= ${leastUnits} AND min(minute) <= toDateTime({now:UInt32}) - 86400
  UNION ALL
  SELECT if(name IN ('shown', 'human_override'), 'override', concat('score:', name)) AS signal, environment, tag, model
  FROM routescope.scores
  WHERE call_started_at >= toDateTime({from:UInt32}) AND call_started_at < toDateTime({now:UInt32})
  GROUP BY signal, environment, tag, model
  HAVING count() >= ${leastUnits} AND min(call_started_at) <= toDateTime({now:UInt32}) - 86400`;

/**
 * A limit is an observed value: the outermost one that a tenth of the units or more are beyond, so that a number with few
 * values has a rate too; without such a one the innermost, which a change of all of them passes.
 */
const limitsOf = `
  SELECT signal, environment, tag, model, intDiv(toUnixTimestamp(min(first_at)), 1800) * 1800 AS since, count() AS units,
      arraySort(groupArraySample(10000, 1)(value)) AS x,
      toUInt32(ceil({share:Float64} * length(x))) AS some,
      if(startsWith(signal, 'score:'),
          if(x[-1] > x[some], arrayFirst(v -> v > x[some], x), x[-1]),
          if(x[1] < x[-some], arrayLast(v -> v < x[-some], x), x[1]) * (1 + {wobble:Float64})) AS limit
  FROM (
      SELECT v.signal AS signal, v.environment AS environment, v.tag AS tag, v.first_model AS model, min(v.at) AS first_at,
          if(startsWith(v.signal, 'score:'), min(v.value), max(v.value)) AS value
      FROM routescope.drift_values AS v
      INNER JOIN (
          SELECT w.1 AS signal, w.2 AS environment, w.3 AS tag, w.4 AS model, w.5 AS since
          FROM (SELECT arrayJoin(arrayZip({signals:Array(String)}, {environments:Array(String)}, {tags:Array(String)}, {models:Array(String)}, {sinces:Array(UInt32)})) AS w)
      ) AS w ON w.signal = v.signal AND w.environment = v.environment AND w.tag = v.tag AND w.model = v.first_model
      WHERE v.signal IN {signals:Array(String)} AND v.tag IN {tags:Array(String)}
          AND v.day >= toDate(toDateTime({from:UInt32})) AND v.at >= toDateTime(w.since) AND v.at < toDateTime({now:UInt32})
      GROUP BY signal, environment, tag, model, v.day, v.session_id, if(v.session_id = '', v.call_id, '')
  )
  GROUP BY signal, environment, tag, model
  HAVING units >= {least:UInt32} AND min(first_at) <= toDateTime({now:UInt32}) - 86400`;
