import type { AttemptRecord } from './attempt.ts';
import type { CallRef } from './call.ts';
export declare class RouteError extends Error {
    readonly name = "RouteError";
    readonly code: string | undefined;
    readonly tag: string;
    readonly attempts: readonly AttemptRecord[];
    readonly call: CallRef;
    readonly answer: unknown;
    constructor(tag: string, attempts: readonly AttemptRecord[], call: CallRef, notAsked?: readonly string[]);
}
export declare class BudgetError extends Error {
    readonly name = "BudgetError";
    readonly code = "budget_exceeded";
    readonly tag: string;
    readonly budget: string;
    readonly call: CallRef;
    constructor(tag: string, budget: string, call: CallRef);
}