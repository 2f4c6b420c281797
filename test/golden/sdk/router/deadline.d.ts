export type Timer = (ms: number, fn: () => void) => () => void;
export declare const systemTimer: Timer;
export declare function withDeadline<T>(ms: number | undefined, signal: AbortSignal | undefined, timer: Timer, run: (signal: AbortSignal | undefined) => Promise<T>): Promise<T>;