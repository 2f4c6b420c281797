import { type Clock } from '../telemetry.ts';
declare const parts: readonly ['tag', 'session', 'user_segment', 'day'];
type BudgetPart = (typeof parts)[number];
declare const actions: readonly ['warn', 'cheapest', 'refuse'];
export type BudgetAction = (typeof actions)[number];
export interface Budget {
    readonly name: string;
    readonly usd: number;
    readonly per: readonly BudgetPart[];
    readonly tags?: readonly string[];
    readonly userSegments?: readonly string[];
    readonly over?: BudgetAction;
    readonly warnAt?: number;
    readonly spentUsd?: (key: string) => Promise<number | undefined>;
}
export interface BudgetedCall {
    readonly tag: string;
    readonly session: string;
    readonly userSegment: string | undefined;
}
export interface BudgetEvent {
    readonly budget: Budget;
    readonly key: string;
    readonly state: 'warned' | 'exceeded';
    readonly spentUsd: number;
    readonly tag: string;
}
export declare function actionAt(spentUsd: number, { usd: limit, over }: Budget): BudgetAction | 'none';
export declare function keyOf(budget: Budget, call: BudgetedCall, now: number): string | undefined;
export declare class Budgets {
    #private;
    constructor(budgets: readonly Budget[], clock: Clock, tell: (event: BudgetEvent) => void);
    check(call: BudgetedCall): {
        readonly action: BudgetAction | 'none';
        readonly budget: Budget | undefined;
    };
    spend(call: BudgetedCall, pico: number | null): void;
}
export {};