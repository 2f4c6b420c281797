/** Chance that repeats itself: the same seed gives the same numbers on every machine. */
export interface Random {
  /** From 0, below 1. */
  uniform(): number;
  chance(probability: number): boolean;
  normal(): number;
  /** Median 1; `spread` is the standard deviation of its logarithm. */
  logNormal(spread: number): number;
  /** How many of many rare things happen, `mean` on average. */
  poisson(mean: number): number;
  pick<T>(shares: readonly (readonly [T, number])[]): T;
  /** As many hex digits, never all zero. */
  hex(digits: number): string;
}

/**
 * Numbers of a stream of its own per `seed` and `stream`, so that one part of a story does not shift another, and per
 * `story`, so that two histories told with one seed have no span in common.
 */
export function randomOf(seed: number, stream: number, story: number): Random {
  // sfc32, which passes the usual test batteries; the first rounds only mix the seed in.
  let a = seed | 0;
  let b = stream | 0;
  let c = (0x9e3779b9 + story) | 0;
  let counter = 1;
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) word();
  const uniform = (): number => word() / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  return {
    uniform,
    chance: (probability) => uniform() < probability,
    normal,
    logNormal: (spread) => Math.exp(spread * normal()),
    poisson(mean) {
      if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = uniform(); product > limit; product *= uniform()) count++;
      return count;
    },
    pick(shares) {
      let left = uniform() * shares.reduce((sum, [, share]) => sum + share, 0);
      for (const [item, share] of shares) {
        left -= share;
        if (left < 0) return item;
      }
      return (shares.at(-1) as readonly [never, number])[0];
    },
    hex(digits) {
      let text = '';
      while (text.length < digits) text += word().toString(16).padStart(8, '0');
      text = text.slice(0, digits);
      return /[^0]/.test(text) ? text : `${text.slice(1)}1`;
    },
  };
}
