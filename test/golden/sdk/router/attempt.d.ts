import { type Attributes, type Context, type Tracer } from '@opentelemetry/api';
import { type AttemptCause, type AttemptReason, type Cost, type Outcome } from '@routescope/conventions';
import type { AttemptFrame, Inference } from '../context.ts';
import { type Clock } from '../telemetry.ts';
import type { ReadHeader } from './bucket.ts';
import { type Expected } from './mismatch.ts';
import type { Tier } from './routes.ts';
import type { Verdict } from './validate.ts';
export interface AttemptRecord {
    readonly number: number;
    readonly reason: AttemptReason;
    readonly tier: Tier;
    readonly rank: number;
    readonly model: string;
    readonly deployment: string | undefined;
    readonly outcome: Outcome;
    readonly verdict: Verdict | undefined;
    readonly error: unknown;
    readonly cause: AttemptCause | undefined;
    readonly isLate: boolean;
}
export interface AttemptOptions {
    readonly tracer: Tracer;
    readonly clock: Clock;
    readonly parent: Context;
    readonly attributes: Attributes;
    readonly expected: Expected;
    readonly headers: (header: ReadHeader) => void;
    readonly onMismatch: () => void;
}
export declare class Attempt implements AttemptFrame {
    #private;
    readonly parent: Context;
    readonly attributes: Attributes;
    constructor(options: AttemptOptions);
    begun(): void;
    adopt(inference: Inference): void;
    witness(inference: Inference): void;
    lost(): void;
    headers(header: ReadHeader): void;
    judgedLater(verdict: Promise<Verdict>): void;
    settle(outcome: Outcome, verdict: Verdict | undefined, value: unknown, error: unknown): void;
    whenClosed(done: () => void): void;
    outcomeOf(judged: Outcome): Outcome;
    get cost(): Cost | undefined;
    get inferences(): readonly Inference[];
}
export declare function verdictAttributes(verdict: Verdict): Attributes;