/** What an attempt may ask of its model: the app's wish within the tier's limits. Pure; never above a cap. */
import type { Rerun, Tier } from './routes.ts';

export interface Limits {
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
}

export interface Wish {
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
}

/** @param rerun what the route says of reruns, when this attempt is one. */
export function limitsOf(tier: Tier, wish: Wish, rerun: Rerun | undefined): Limits {
  const temperature = rerun?.temperature ?? wish.temperature ?? tier.temperature;
  return {
    maxTokens: least(wish.maxTokens, tier.maxTokens),
    // With a cap and no temperature the provider's own default may be above it: so the cap is asked for.
    temperature: tier.tempCap === undefined ? temperature : least(temperature, tier.tempCap),
  };
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);
