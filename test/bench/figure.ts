/** One measured number. `goal` says what is wanted in words, `met` whether `value` does it. */
export interface Figure {
  readonly name: string;
  /** UCUM-like: `us`, `1/s`, `B`. */
  readonly unit: string;
  /** The median of the runs. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly goal: string;
  readonly met: boolean;
}

/** The figure of several runs: median, least and most, rounded to four significant digits. */
export function figure(
  name: string,
  unit: string,
  runs: readonly number[],
  goal: string,
  met: (median: number) => boolean,
): Figure {
  const sorted = [...runs].sort((a, b) => a - b);
  const value = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const round = (x: number): number => Number(x.toPrecision(4));
  return {
    name,
    unit,
    value: round(value),
    min: round(sorted[0] ?? Number.NaN),
    max: round(sorted.at(-1) ?? Number.NaN),
    goal,
    met: met(value),
  };
}
