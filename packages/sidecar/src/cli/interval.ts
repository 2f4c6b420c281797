/** Shares and differences with their 95 % intervals. Pure. */

export interface Share {
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly count: number;
  readonly of: number;
}

const z = 1.959964;

/** A share with Wilson's interval; unknown of nothing. */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { share: null, low: null, high: null, count, of };
  const p = count / of;
  const middle = p + (z * z) / (2 * of);
  const spread = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return {
    share: p,
    low: Math.max(0, (middle - spread) / whole),
    high: Math.min(1, (middle + spread) / whole),
    count,
    of,
  };
}

/** Sums over units of x (how many) and y (how much): x, y, xx, yy, xy. */
export type Sums = readonly [x: number, y: number, xx: number, yy: number, xy: number];

export interface Mean {
  readonly mean: number | null;
  readonly variance: number | null;
}

/** y per x with the variance of that ratio over units (by linearisation), so that units may be of any size. */
export function ratioOf([x, y, xx, yy, xy]: Sums, units: number): Mean {
  if (x === 0) return { mean: null, variance: null };
  const mean = y / x;
  if (units < 2) return { mean, variance: null };
  const squares = Math.max(0, yy - 2 * mean * xy + mean * mean * xx);
  return { mean, variance: (squares * units) / ((units - 1) * x * x) };
}

export interface Delta {
  readonly delta: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export function deltaOf(control: Mean, treatment: Mean): Delta {
  if (control.mean === null || treatment.mean === null) return { delta: null, low: null, high: null };
  const delta = treatment.mean - control.mean;
  if (control.variance === null || treatment.variance === null) return { delta, low: null, high: null };
  const spread = z * Math.sqrt(control.variance + treatment.variance);
  return { delta, low: delta - spread, high: delta + spread };
}

/**
 * How likely a split this uneven is by chance, when the arms have these shares (chi-square test).
 * @returns p, 1 with fewer than two arms.
 */
export function sampleRatioP(units: readonly number[], shares: readonly number[]): number {
  const all = units.reduce((sum, each) => sum + each, 0);
  const whole = shares.reduce((sum, each) => sum + each, 0);
  if (units.length < 2 || all === 0 || whole === 0) return 1;
  let chi = 0;
  for (const [index, count] of units.entries()) {
    const expected = (all * (shares[index] ?? 0)) / whole;
    if (expected === 0) {
      if (count > 0) return 0;
      continue;
    }
    chi += (count - expected) ** 2 / expected;
  }
  return upperGamma((units.length - 1) / 2, chi / 2);
}

/** Regularised upper incomplete gamma function: the tail of the chi-square distribution. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 500 && term > sum * 1e-15; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - sum * scale);
  }
  // Lentz's continued fraction.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 500; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return h * scale;
}

/** For whole and half numbers, which are all there are here. */
function logGamma(a: number): number {
  let log = a % 1 === 0 ? 0 : Math.log(Math.sqrt(Math.PI));
  for (let n = a % 1 === 0 ? 1 : 0.5; n < a; n++) log += Math.log(n);
  return log;
}
