import type { CallRef } from './router/call.ts';
import { type Clock } from './telemetry.ts';
export interface Score {
    readonly name: string;
    readonly value?: number | boolean;
    readonly label?: string;
    readonly by?: string;
    readonly explanation?: string;
    readonly id?: string;
    readonly correction?: string;
}
export interface ScoreOptions {
    readonly endpoint?: string;
    readonly token?: string;
    readonly sendCorrection?: boolean;
    readonly clock?: Clock;
}
export declare function score(call: CallRef | string, verdict: Score, options?: ScoreOptions): Promise<boolean>;
export declare const shown: (call: CallRef | string, options?: ScoreOptions) => Promise<boolean>;