import { type Span } from '@opentelemetry/api';
import { type Outcome } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import type { Clock } from '../telemetry.ts';
import { type Attempt, type AttemptRecord } from './attempt.ts';
import type { Route } from './routes.ts';
export interface CallRef {
    readonly id: string;
    readonly traceId: string;
    readonly sessionId: string;
    readonly tag: string;
    readonly tier: string;
    readonly model: string;
    readonly startedAt: number;
}
export interface Finished {
    readonly route: Route;
    readonly records: readonly AttemptRecord[];
    readonly attempts: readonly Attempt[];
    readonly outcome: Outcome;
    readonly error: unknown;
}
export declare function finishCall(span: Span, finished: Finished, book: PriceBook, clock: Clock): void;