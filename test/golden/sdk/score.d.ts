import type { CallRef } from './router/call.ts';
import { type Clock } from './telemetry.ts';
export interface Score {
    readonly name: string;
    readonly value?: number | boolean;
    readonly label?: string;
    readonly by?: string;
    readonly explanation?: string;
}
export interface ScoreOptions {
    readonly endpoint?: string;
    readonly clock?: Clock;
}
export declare function setDefaultEndpoint(endpoint: string): void;
export declare function score(call: CallRef, verdict: Score, options?: ScoreOptions): Promise<boolean>;
export declare const shown: (call: CallRef, options?: ScoreOptions) => Promise<boolean>;