/**
 * The exact optimum: the mean delay of the CUSUM that is told both rates, at a given mean number of calls between false
 * alarms. No procedure does better in the worst case (Moustakides 1986). Solved, not simulated: the mean run length
 * obeys one linear equation per state, and the matrix has a band.
 */

/** States per success's step; more is finer. */
const fineness = 4;

/** Mean calls until the alarm at rate `p`, from state 0, with the threshold at `states` grid steps. */
function runLength(states: number, up: number, p: number): number {
  const width = Math.ceil(up) + 1;
  // Row i: L(i) - (1-p) L(max(0, i - fineness)) - p L(i + up) = 1; L is 0 from `states` on.
  const span = fineness + width + 1;
  const band = new Float64Array(states * span);
  const right = new Float64Array(states).fill(1);
  const set = (i: number, j: number, value: number): void => {
    const place = i * span + (j - i + fineness);
    band[place] = (band[place] as number) + value;
  };
  const low = Math.floor(up);
  const high = up - low;
  for (let i = 0; i < states; i++) {
    set(i, i, 1);
    set(i, Math.max(0, i - fineness), -(1 - p));
    if (i + low < states) set(i, i + low, -p * (1 - high));
    if (i + low + 1 < states) set(i, i + low + 1, -p * high);
  }
  for (let i = 0; i < states; i++) {
    const pivot = band[i * span + fineness] as number;
    for (let row = i + 1; row <= Math.min(i + fineness, states - 1); row++) {
      const factor = (band[row * span + (i - row + fineness)] as number) / pivot;
      if (factor === 0) continue;
      for (let j = i; j <= Math.min(i + width, states - 1); j++) {
        const place = row * span + (j - row + fineness);
        if (j - row + fineness < span)
          band[place] = (band[place] as number) - factor * (band[i * span + (j - i + fineness)] as number);
      }
      right[row] = (right[row] as number) - factor * (right[i] as number);
    }
  }
  for (let i = states - 1; i >= 0; i--) {
    let value = right[i] as number;
    for (let j = i + 1; j <= Math.min(i + width, states - 1); j++)
      value -= (band[i * span + (j - i + fineness)] as number) * (right[j] as number);
    right[i] = value / (band[i * span + fineness] as number);
  }
  return right[0] as number;
}

/** @returns mean calls from the change to the alarm, in the worst case, with `callsBetweenAlarms` on average before it. */
export function optimalDelay(before: number, after: number, callsBetweenAlarms: number): number {
  const success = Math.log((1 - before) / (1 - after));
  const up = (Math.log(after / before) / success) * fineness;
  let low = Math.ceil(up);
  let high = low * 2;
  while (runLength(high, up, before) < callsBetweenAlarms) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (runLength(middle, up, before) < callsBetweenAlarms) low = middle;
    else high = middle;
  }
  const [atLow, atHigh] = [runLength(low, up, before), runLength(high, up, before)];
  const part = Math.log(callsBetweenAlarms / atLow) / Math.log(atHigh / atLow);
  return runLength(low, up, after) * (1 - part) + runLength(high, up, after) * part;
}
