/** The call span: one per routed request, carrying the call's facts whole, so that a call row needs no join. */
import { type Span } from '@opentelemetry/api';
import { type Outcome } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import { type Clock } from '../telemetry.ts';
import { type Attempt, type AttemptRecord } from './attempt.ts';
import type { Route } from './routes.ts';
/** Names a routed call for whoever judges it later. Plain JSON, so that it can travel to another process. */
export interface CallRef {
    /** The call span's id, 16 hex digits. */
    readonly id: string;
    readonly traceId: string;
    readonly sessionId: string;
    readonly tag: string;
    /** The tier and model that served it, or were tried last. */
    readonly tier: string;
    readonly model: string;
    /** Epoch ms. */
    readonly startedAt: number;
}
export interface Finished {
    readonly route: Route;
    readonly records: readonly AttemptRecord[];
    readonly attempts: readonly Attempt[];
    readonly outcome: Outcome;
    readonly error: unknown;
}
/** Writes the call's facts on its span and ends it. */
export declare function finishCall(span: Span, finished: Finished, book: PriceBook, clock: Clock): void;