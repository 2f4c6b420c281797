export declare function guard<T>(step: () => T): T | undefined;
export declare const countFailure: () => void;
export declare const telemetryFailures: () => number;
export type Clock = () => number;
export declare const systemClock: Clock;
export declare const hrTime: (epochMs: number) => [number, number];