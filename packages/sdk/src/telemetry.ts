/**
 * A failure of telemetry never fails the app's call. Every touch of code that may throw for telemetry's sake goes
 * through `guard`; what it swallows is counted.
 */

let failures = 0;

/** What `step` returns; undefined, and one more failure counted, when it throws. */
export function guard<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch {
    failures++;
    return undefined;
  }
}

/** Counts a failure of telemetry that was handled elsewhere. */
export const countFailure = (): void => {
  failures++;
};

/** How often telemetry failed in this process without the app noticing. */
export const telemetryFailures = (): number => failures;

/** Epoch milliseconds with a fraction. */
export type Clock = () => number;

/** Both looked up once: the first is a getter of the global object, and either costs more than the time of day. */
const { performance } = globalThis;
const { timeOrigin } = performance;
export const systemClock: Clock = () => timeOrigin + performance.now();

/** As OpenTelemetry takes it without guessing: seconds and nanoseconds. */
export const hrTime = (epochMs: number): [number, number] => {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
};
