/** Shifts of routing: what part of a tag's units is sent to each model first, judged model by model. */
import { createRandom } from './random.ts';
import { firstAlarm } from './signals.ts';

const day = 1_440;
const history = 7 * day;
const fourWeeks = 28 * day;
/** Epoch minute at which every stream begins. */
const start = 20_497 * day;

export interface Routing {
  readonly unitsPerHour: number;
  /** Part of the units that each model gets, the usual one first; and after the change. */
  readonly shares: readonly number[];
  readonly after?: readonly number[];
  /** By how much the shares of all but the usual one rise and fall in a day, as a part of them. */
  readonly cycle?: number;
  /** Coefficient of variation of those shares from hour to hour. */
  readonly hourly?: number;
}

/** @returns minutes from the change, or from the end of a week's history, to the first alarm; undefined: none in four weeks. */
export function minutesUntilShiftTold(routing: Routing, seed: number): number | undefined {
  const { unitsPerHour, shares, after, cycle = 0, hourly = 0 } = routing;
  const random = createRandom(seed);
  const at = history + (after ? Math.floor(random.next() * day) : 0);
  const units = new Float64Array(at + fourWeeks);
  const sent = shares.map(() => new Float64Array(units.length));
  const sigma2 = Math.log(1 + hourly * hourly);
  let wobble = 1;
  for (let i = 0; i < units.length; i++) {
    if (i % 60 === 0) wobble = Math.exp(Math.sqrt(sigma2) * random.normal() - sigma2 / 2);
    const now = after && i >= at ? after : shares;
    const others = wobble * (1 + cycle * Math.sin((2 * Math.PI * i) / day));
    const usual = 1 - others * (1 - (now[0] as number));
    now.forEach((share, model) => {
      const many = random.poisson((unitsPerHour / 60) * (model === 0 ? Math.max(usual, 0) : others * share));
      (sent[model] as Float64Array)[i] = many;
      units[i] = (units[i] as number) + many;
    });
  }
  const found = sent.flatMap(
    (fallbacks) => firstAlarm('routing', { start, units, fallbacks }, start + at + 1, start + units.length) ?? [],
  );
  return found.length === 0 ? undefined : Math.min(...found) - start - at;
}
