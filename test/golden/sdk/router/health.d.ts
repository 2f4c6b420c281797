import { type Clock } from '../telemetry.ts';
import { type BreakerOptions, type CircuitState } from './breaker.ts';
import { type ReadHeader } from './bucket.ts';
import type { Availability } from './place.ts';
export interface CircuitChange {
    readonly provider: string;
    readonly state: CircuitState;
    readonly failures: number;
    readonly results: number;
}
export interface HealthOptions {
    readonly breaker?: Partial<BreakerOptions>;
    readonly clock?: Clock;
}
export type Report = 'ok' | 'failed' | 'none';
export declare class Health {
    #private;
    constructor({ breaker, clock }?: HealthOptions);
    onChange(listener: (change: CircuitChange) => void): void;
    availability(provider: string): Availability;
    asks(provider: string): void;
    hears(provider: string, report: Report): void;
    reads(provider: string, header: ReadHeader): void;
    blocks(provider: string, waitMs: number): void;
    states(): Readonly<Record<string, CircuitState>>;
}