import type { CallRef } from './router/call.ts';
import { type Clock } from './telemetry.ts';
export interface Score {
    /** The rubric: `helpful`, `faithful`; `human_override` (value 1) when a human replaced what they saw. */
    readonly name: string;
    readonly value?: number | boolean;
    readonly label?: string;
    /** Who or what judged. Scoring again by the same one replaces. */
    readonly by?: string;
    readonly explanation?: string;
}
export interface ScoreOptions {
    /** @default the sidecar of `start()`, else http://127.0.0.1:4318 */
    readonly endpoint?: string;
    /** Epoch ms; for simulations. @default the system's */
    readonly clock?: Clock;
}
/** Where scores go when nothing else is said. Set by `start({ endpoint })`. */
export declare function setDefaultEndpoint(endpoint: string): void;
/**
 * Records a verdict on a routed call.
 * @returns whether the sidecar took it. Never rejects: a failure is counted, and the app goes on.
 */
export declare function score(call: CallRef, verdict: Score, options?: ScoreOptions): Promise<boolean>;
/** A human saw the output of this call: it counts in the human-override rate. */
export declare const shown: (call: CallRef, options?: ScoreOptions) => Promise<boolean>;