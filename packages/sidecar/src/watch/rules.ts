/** What is usually done about a rate, to compare with: a fixed limit and a test of two proportions, looked at every minute. */
import { type Counts, cumulative } from './counts.ts';

/** An alarm of such a rule, epoch minutes: it holds from `from` until `to`. */
export interface Episode {
  readonly from: number;
  readonly to: number;
}

/** Two alarms with less quiet between them are one. */
const quietMinutes = 60;

/** Above `limit` over the last hour, of at least 20 units, for five minutes on end. */
export function staticEpisodes(counts: Counts, from: number, until: number, limit: number): Episode[] {
  const [units, fallbacks] = [cumulative(counts.units), cumulative(counts.fallbacks)];
  let above = 0;
  return episodes(from, until, (now) => {
    const [n, k] = [within(counts, units, now - 60, now), within(counts, fallbacks, now - 60, now)];
    above = n >= 20 && k > limit * n ? above + 1 : 0;
    return above >= 5;
  });
}

/** The last hour against the day before it, z above 3, with at least 20 units in the hour. */
export function zEpisodes(counts: Counts, from: number, until: number): Episode[] {
  const [units, fallbacks] = [cumulative(counts.units), cumulative(counts.fallbacks)];
  return episodes(from, until, (now) => {
    const [n1, k1] = [within(counts, units, now - 60, now), within(counts, fallbacks, now - 60, now)];
    const [n0, k0] = [within(counts, units, now - 1_500, now - 60), within(counts, fallbacks, now - 1_500, now - 60)];
    if (n1 < 20 || n0 < 20) return false;
    const pooled = (k0 + k1) / (n0 + n1);
    return (k1 / n1 - k0 / n0) / Math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1)) > 3;
  });
}

function within(counts: Counts, sums: Float64Array, from: number, to: number): number {
  const at = (minute: number): number => sums[Math.min(Math.max(minute - counts.start, 0), sums.length - 1)] as number;
  return at(to) - at(from);
}

function episodes(from: number, until: number, holds: (now: number) => boolean): Episode[] {
  const found: { from: number; to: number }[] = [];
  for (let now = from; now <= until; now++) {
    if (!holds(now)) continue;
    const last = found.at(-1);
    if (last && now - last.to <= quietMinutes) last.to = now;
    else found.push({ from: now, to: now });
  }
  return found;
}
