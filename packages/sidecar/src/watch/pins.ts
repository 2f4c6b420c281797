/**
 * Pins made by themselves. Counts are looked at for four weeks; what was quiet for four weeks more when it leaves is kept
 * as a sum, so that a rate that creeps more slowly than that is still seen against what it used to be.
 */
import type { Ask } from '@routescope/panels';
import type { WriteEvents } from './ask.ts';

/** Days of a pin, and of the lookback that must be quiet after them. */
const pinDays = 28;
const dayMs = 86_400_000;

/**
 * Pins of every key and signal the 28 days before the lookback, unless it is younger than them, there was an alarm, an acceptance,
 * another limit, validator or route table (for routing) since they began, or they are pinned already.
 * @param now epoch ms. @returns ids of the pins made.
 */
export async function pinQuiet(ask: Ask, write: WriteEvents, now: number): Promise<string[]> {
  const today = Math.floor(now / dayMs);
  const [from, to] = [today - 2 * pinDays, today - pinDays];
  const rows = (await ask(quietKeys, { from, to, today })) as Record<string, string>[];
  const dateOf = (day: number): string => new Date(day * dayMs).toISOString();
  const pins = rows.map(({ signal, environment, tag, model, units, fallbacks }) => ({
    id: ['pin', ...(signal === 'fallback' ? [] : [signal]), environment, tag, model, dateOf(from).slice(0, 10)].join(
      '/',
    ),
    kind: 'pin',
    // Two evaluators of one day write the same row.
    at: dateOf(today),
    since: dateOf(from),
    until: dateOf(to),
    signal,
    environment,
    tag,
    model,
    text: `${pinDays} quiet days from ${dateOf(from).slice(0, 10)} on are kept as what is normal`,
    numbers: { units: Number(units), fallbacks: Number(fallbacks) },
  }));
  if (pins.length > 0) await write(pins);
  return pins.map(({ id }) => id);
}

const quietKeys = `
  WITH
      (
          SELECT groupArray((environment, tag, model, if(signal = '' AND kind != 'accept', 'fallback', signal)))
          FROM routescope.events FINAL
          WHERE (kind IN ('alarm', 'accept', 'limit') AND at >= toDateTime({from:UInt32} * 86400))
             OR (kind = 'pin' AND coalesce(until, at) > toDateTime({from:UInt32} * 86400))
      ) AS busy
  SELECT signal, environment, tag, first_model AS model, sumIf(units, day >= toDate({from:UInt32})) AS units, sumIf(arraySum(quarter_fallbacks), day >= toDate({from:UInt32})) AS fallbacks
  FROM routescope.units_1d FINAL
  WHERE day < toDate({to:UInt32})
    AND (signal, environment, tag, first_model) NOT IN (
        SELECT if(what = 'route_version', 'routing', 'fallback'), environment, tag, first_model FROM routescope.versions_1d FINAL
        WHERE day >= toDate({from:UInt32}) AND day <= toDate({today:UInt32}) AND what IN ('route_version', 'validation_version')
        GROUP BY what, environment, tag, first_model HAVING uniqExact(version) > 1)
    AND NOT arrayExists(b -> b.1 IN ('', environment) AND b.2 IN ('', tag) AND b.3 IN ('', first_model) AND b.4 IN ('', signal), busy)
  GROUP BY signal, environment, tag, first_model
  HAVING min(day) <= toDate({from:UInt32}) AND fallbacks > 0
  ORDER BY signal, environment, tag, model`;
