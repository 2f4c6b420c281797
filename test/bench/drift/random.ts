/** Seeded random numbers and the few distributions a stream of calls is made of. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  poisson(mean: number): number;
  normal(): number;
}

/** sfc32, seeded through splitmix32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const split = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let a = split();
  let b = split();
  let c = split();
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  const small = (mean: number): number => {
    let p = Math.exp(-mean);
    let left = next();
    let k = 0;
    while (left > p && k < 1000) {
      left -= p;
      k++;
      p *= mean / k;
    }
    return k;
  };
  return {
    next,
    poisson(mean) {
      if (mean <= 0) return 0;
      const parts = Math.ceil(mean / 30);
      let k = 0;
      for (let i = 0; i < parts; i++) k += small(mean / parts);
      return k;
    },
    normal() {
      return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    },
  };
}
