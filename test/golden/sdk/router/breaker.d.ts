export type CircuitState = 'closed' | 'open' | 'half_open';
export interface BreakerOptions {
    readonly size: number;
    readonly windowMs: number;
    readonly failures: number;
    readonly share: number;
    readonly openMs: number;
}
export declare const breakerDefaults: BreakerOptions;
export interface Breaker {
    readonly state: CircuitState;
    readonly recent: readonly {
        readonly at: number;
        readonly ok: boolean;
    }[];
    readonly since: number;
}
export declare const closedBreaker: Breaker;
export declare function mayAsk(breaker: Breaker, now: number, { openMs }: BreakerOptions): boolean;
export declare const asked: (breaker: Breaker, now: number) => Breaker;
export declare const released: (breaker: Breaker) => Breaker;
export declare function heard(breaker: Breaker, ok: boolean, now: number, options: BreakerOptions): Breaker;