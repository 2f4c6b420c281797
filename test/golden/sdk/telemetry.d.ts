/**
 * A failure of telemetry never fails the app's call. Every touch of code that may throw for telemetry's sake goes
 * through `guard`; what it swallows is counted.
 */
/** What `step` returns; undefined, and one more failure counted, when it throws. */
export declare function guard<T>(step: () => T): T | undefined;
/** Counts a failure of telemetry that was handled elsewhere. */
export declare const countFailure: () => void;
/** How often telemetry failed in this process without the app noticing. */
export declare const telemetryFailures: () => number;
/** Epoch milliseconds with a fraction. */
export type Clock = () => number;
export declare const systemClock: Clock;
/** As OpenTelemetry takes it without guessing: seconds and nanoseconds. */
export declare const hrTime: (epochMs: number) => [number, number];