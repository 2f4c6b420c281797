/** Where the next attempt goes: which deployment of which tier, past those that are not to be asked now. Pure. */

/** What is known of a deployment's provider: ask it, rather not (its rate limit is near), or do not. */
export type Availability = 'ok' | 'rate_limit' | 'circuit_open';

export interface Placed {
  readonly rank: number;
  readonly index: number;
}

export interface Placement {
  /** Undefined when nobody is left to ask. */
  readonly place: Placed | undefined;
  /** Deployments passed over on the way, each with the reason. */
  readonly passed: readonly { readonly at: Placed; readonly cause: Exclude<Availability, 'ok'> }[];
}

/**
 * The first tier from `rank` on with a deployment to ask; among several of one tier, by weight. A provider near its
 * limit is passed over as long as another can be asked; one whose circuit is open always.
 */
export function nextPlace(
  tiers: readonly (readonly { readonly weight: number }[])[],
  rank: number,
  isTried: (at: Placed) => boolean,
  availability: (at: Placed) => Availability,
  random: () => number,
): Placement {
  const passed: { at: Placed; cause: Exclude<Availability, 'ok'> }[] = [];
  for (let r = rank; r < tiers.length; r++) {
    const usable: { at: Placed; weight: number }[] = [];
    for (const [index, { weight }] of (tiers[r] as readonly { weight: number }[]).entries()) {
      const at = { rank: r, index };
      if (isTried(at)) continue;
      const how = availability(at);
      if (how === 'ok') usable.push({ at, weight });
      else passed.push({ at, cause: how });
    }
    const place = drawn(usable, random);
    if (place) return { place, passed };
  }
  const near = passed.find(({ cause }) => cause === 'rate_limit');
  return { place: near?.at, passed: passed.filter((each) => each !== near) };
}

function drawn(
  usable: readonly { readonly at: Placed; readonly weight: number }[],
  random: () => number,
): Placed | undefined {
  if (usable.length <= 1) return usable[0]?.at;
  let left = random() * usable.reduce((sum, { weight }) => sum + weight, 0);
  for (const { at, weight } of usable) {
    left -= weight;
    if (left < 0) return at;
  }
  return usable.at(-1)?.at;
}
