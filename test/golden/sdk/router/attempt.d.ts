/**
 * One attempt: one try at one tier. Its spans stay open until the validator has spoken, because the verdict stands on
 * them, and end with the time of the last byte, so that a slow validator does not look like a slow model.
 */
import { type Attributes, type Context, type Tracer } from '@opentelemetry/api';
import { type AttemptCause, type AttemptReason, type Cost, type Outcome } from '@routescope/conventions';
import type { AttemptFrame, Inference } from '../context.ts';
import { type Clock } from '../telemetry.ts';
import type { Tier } from './routes.ts';
import type { Verdict } from './validate.ts';
/** What is known of an attempt once it is over. */
export interface AttemptRecord {
    readonly number: number;
    readonly reason: AttemptReason;
    readonly tier: Tier;
    readonly rank: number;
    readonly outcome: Outcome;
    readonly verdict: Verdict | undefined;
    readonly error: unknown;
    /** Cause of the next attempt, if there is one. */
    readonly cause: AttemptCause | undefined;
}
export interface AttemptOptions {
    readonly tracer: Tracer;
    readonly clock: Clock;
    readonly parent: Context;
    /** The call's and the attempt's facts, on every span of the attempt. */
    readonly attributes: Attributes;
    readonly model: string;
}
export declare class Attempt implements AttemptFrame {
    #private;
    readonly parent: Context;
    readonly attributes: Attributes;
    constructor(options: AttemptOptions);
    begun(): void;
    adopt(inference: Inference): void;
    /** Sets the verdict. Inferences still being read (a stream handed to the app) are closed when they end. */
    settle(outcome: Outcome, verdict: Verdict | undefined, value: unknown, error: unknown): void;
    /** Runs `done` once no inference of the attempt is being read any more: now, or when the app has read its stream. */
    whenClosed(done: () => void): void;
    /** An accepted answer that is a stream may still be canceled or fail while the app reads it; that is its outcome then. */
    outcomeOf(judged: Outcome): Outcome;
    /** What the inferences cost together; undefined when there were none to be seen. */
    get cost(): Cost | undefined;
    get inferences(): readonly Inference[];
}
export declare function verdictAttributes(verdict: Verdict): Attributes;