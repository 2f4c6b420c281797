/** What a tag spends, minute by minute; and who tells, and how soon, that it is twice or four times as much. */
import { alerts } from '@routescope/panels';
import { createRandom } from './random.ts';
import { firstAlarm } from './signals.ts';

const day = 1_440;
const history = 14 * day;
const fourWeeks = 28 * day;
/** Epoch minute at which every stream begins: a Monday. */
const start = 20_500 * day;

export interface Spending {
  readonly callsPerHour: number;
  /** By how much the traffic rises and falls in a day, as a part of it. */
  readonly daily?: number;
  /** What is left of it at weekends. @default 1 */
  readonly weekend?: number;
  /** Batches of two hours' calls within twenty minutes, so many a day, at any time. */
  readonly bursts?: number;
  /** From some minute of the fifteenth day on calls cost so many times as much. */
  readonly multiple?: number;
}

export interface Spent {
  /** Epoch minute of the first. */
  readonly start: number;
  readonly calls: Float64Array;
  readonly costUsd: Float64Array;
}

const burstMinutes = 20;

/** @returns the change's minute of the stream, and the stream. */
export function spentBy({ callsPerHour, daily = 0, weekend = 1, bursts = 0, multiple = 1 }: Spending, seed: number) {
  const random = createRandom(seed);
  const at = history + (multiple === 1 ? 0 : Math.floor(random.next() * day));
  const calls = new Float64Array(history + day + fourWeeks);
  const costUsd = new Float64Array(calls.length);
  let burstUntil = 0;
  for (let i = 0; i < calls.length; i++) {
    if (random.next() < bursts / day) burstUntil = i + burstMinutes;
    const usual = (1 + daily * Math.sin((2 * Math.PI * i) / day)) * (isWeekend(start + i) ? weekend : 1);
    const many = random.poisson((callsPerHour / 60) * (usual + (i < burstUntil ? 120 / burstMinutes : 0)));
    calls[i] = many;
    // Log-normal prices with a mean of a cent.
    for (let call = 0; call < many; call++)
      costUsd[i] = (costUsd[i] as number) + 0.01 * Math.exp(random.normal() - 0.5) * (i >= at ? multiple : 1);
  }
  return { at, spent: { start, calls, costUsd } };
}

const isWeekend = (minute: number): boolean => (Math.floor(minute / day) + 3) % 7 >= 5;

/** @returns what the minutes before `to` hold, from `from` on. */
function sumsOf(start: number, values: Float64Array): (from: number, to: number) => number {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] as number) + (values[i] as number);
  const until = (minute: number): number => sums[Math.min(Math.max(minute - start, 0), values.length)] as number;
  return (from, to) => until(to) - until(from);
}

/** The value of the alert `cost_burn` at a minute: packages/panels/sql/cost_burn.sql once more. */
export function burnOf({ start, calls, costUsd }: Spent): (now: number) => number {
  const [callsIn, costIn] = [sumsOf(start, calls), sumsOf(start, costUsd)];
  return (now) => {
    const cost = costIn(now - 180, now);
    let [rise, excess, compared, largest] = [0, 0, 0, 0];
    for (let clock = 0; clock < 24; clock++) {
      // Three hours each of the days before, by kind of day.
      const kinds: [number[], number[]] = [[], []];
      for (let ago = 1; ago < 8; ago++) {
        const to = now - ago * day - clock * 60;
        if (callsIn(to - 180, to) > 0) kinds[isWeekend(to - 1) ? 1 : 0].push(costIn(to - 180, to));
      }
      for (const costs of kinds) {
        const all = costs.reduce((sum, each) => sum + each, 0);
        if (costs.length > 1)
          for (const each of costs) {
            compared++;
            largest = Math.max(largest, each - (all - each) / (costs.length - 1));
          }
        if (clock > 0 || costs !== kinds[isWeekend(now - 1) ? 1 : 0] || all === 0) continue;
        const usual = all / costs.length;
        excess = cost - usual;
        if (callsIn(now - 180, now) >= 50) rise = Math.max(excess / usual, 0);
        // Nobody would hear of it: the rest need not be looked at.
        if (rise <= burn.until) return 0;
      }
    }
    return (compared >= 24 ? excess > 1.5 * largest : rise > 1) ? rise : 0;
  };
}

const burn = alerts.find(({ id }) => id === 'cost_burn') as (typeof alerts)[number];

/** Minutes at which a value has been above a limit for so long; it is over when the value is not above `until`. */
function firings(value: (now: number) => number, from: number, to: number, above: number, until = above): number[] {
  const fired: number[] = [];
  let since = to;
  let isFiring = false;
  for (let now = from; now <= to; now++) {
    const risen = value(now);
    isFiring &&= risen > until;
    since = isFiring || risen <= above ? to : Math.min(since, now);
    if (now - since < burn.forMinutes) continue;
    fired.push(now);
    isFiring = true;
  }
  return fired;
}

/** Who may tell: the alert; two limits on the spending of an hour that somebody sets once, by the week before; the detector. */
export const rules = {
  burn: (spent: Spent, from: number, to: number) => firings(burnOf(spent), from, to, burn.above, burn.until),
  /** Half as much again as the mean hour. */
  mean: ({ start, costUsd }: Spent, from: number, to: number) => {
    const costIn = sumsOf(start, costUsd);
    const limit = (1.5 * costIn(from - 7 * day, from)) / (7 * 24);
    return firings((now) => costIn(now - 60, now), from, to, limit);
  },
  /** A tenth more than the dearest hour. */
  highest: ({ start, costUsd }: Spent, from: number, to: number) => {
    const costIn = sumsOf(start, costUsd);
    let most = 0;
    for (let now = from - 7 * day; now < from; now++) most = Math.max(most, costIn(now - 60, now));
    return firings((now) => costIn(now - 60, now), from, to, 1.1 * most);
  },
  /** To which a minute is a thousand trials, and the price of a mean call one that went wrong. Its first alarm. */
  detector: ({ start, calls, costUsd }: Spent, from: number, to: number) => {
    const mean = sumsOf(start, costUsd)(start, from) / sumsOf(start, calls)(start, from);
    const counts = { start, units: calls.map(() => 1_000), fallbacks: costUsd.map((usd) => usd / mean) };
    const found = firstAlarm('spending', counts, from, to);
    return found === undefined ? [] : [found];
  },
};

/** @returns alarms within four weeks, minutes after the change, or after two weeks of history. */
export function alarmsOfSpending(rule: keyof typeof rules, spending: Spending, seed: number): number[] {
  const { at, spent } = spentBy(spending, seed);
  return rules[rule](spent, start + at + 1, start + at + fourWeeks).map((minute) => minute - start - at);
}
