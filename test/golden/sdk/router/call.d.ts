import { type Span } from '@opentelemetry/api';
import { type Cost, type Outcome } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import type { Clock } from '../telemetry.ts';
import { type Attempt, type AttemptRecord } from './attempt.ts';
import type { Placement } from './place.ts';
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
    readonly tag: string;
    readonly startedAt: number;
    readonly route: Route;
    readonly decision: Decided | undefined;
    readonly validationCost: Cost | undefined;
    readonly passed: Placement['passed'];
    readonly records: readonly AttemptRecord[];
    readonly attempts: readonly Attempt[];
    readonly outcome: Outcome;
    readonly error: unknown;
}
export interface Decided {
    readonly seconds: number;
    readonly cost: Cost | undefined;
}
export declare const costOfCall: (attempts: readonly Attempt[]) => Cost;
export declare function finishCall(span: Span, finished: Finished, book: PriceBook, clock: Clock): void;