/** Jeffreys' interval of a share: the middle 95 % of what a rate may be, of which nothing was known before. */

/**
 * Of `count` among `of`, both may be fractions of a unit. Open towards 0 when nothing was counted, and towards 1 when
 * everything was.
 */
export function jeffreys(count: number, of: number): { readonly low: number; readonly high: number } {
  const [a, b] = [count + 0.5, Math.max(0, of - count) + 0.5];
  return {
    low: count <= 0 ? 0 : betaQuantile(0.025, a, b),
    high: count >= of ? 1 : betaQuantile(0.975, a, b),
  };
}

/** By halving: the share below which a Beta(a, b) lies with probability p, to 1e-12. */
function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (betaBelow(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised incomplete beta function: the probability of a Beta(a, b) below x. */
function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const scale = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  return x < (a + 1) / (a + b + 2) ? (scale * fraction(x, a, b)) / a : 1 - (scale * fraction(1 - x, b, a)) / b;
}

/** Its continued fraction, by Lentz's method. */
function fraction(x: number, a: number, b: number): number {
  const bounded = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1;
  let d = 1 / bounded(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / bounded(1 + even * d);
    c = bounded(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / bounded(1 + odd * d);
    c = bounded(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return h;
}

/** Stirling's series, after shifting the argument to where it is exact. */
function logGamma(z: number): number {
  let shift = 0;
  let x = z;
  for (; x < 15; x++) shift += Math.log(x);
  const r = 1 / (x * x);
  return (
    (x - 0.5) * Math.log(x) -
    x +
    Math.log(2 * Math.PI) / 2 +
    (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / x -
    shift
  );
}
