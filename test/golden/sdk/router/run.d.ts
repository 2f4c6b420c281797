import { type Cost } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import { type Clock } from '../telemetry.ts';
import type { Budgets } from './budget.ts';
import { type CallRef } from './call.ts';
import { type Timer } from './deadline.ts';
import type { Health } from './health.ts';
import { type RouteSignals } from './policy/signals.ts';
import type { RouteTable } from './routes.ts';
import type { Stats } from './stats.ts';
export interface Shared {
    readonly clock: Clock;
    readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
    readonly timer: Timer;
    readonly random: () => number;
    readonly patienceMs: number;
    readonly book: () => PriceBook;
    readonly health: Health;
    readonly budgets: Budgets | undefined;
    readonly stats: Stats;
}
export interface RouteCallOptions extends RouteSignals {
    readonly signal?: AbortSignal;
    readonly userId?: string;
    readonly tier?: string;
}
export interface OnArm {
    readonly experiment: string;
    readonly arm: string;
    readonly tier: string | undefined;
}
interface Answered {
    readonly answer: unknown;
    readonly call: CallRef;
    readonly cost: Promise<Cost>;
}
export declare class Run {
    #private;
    constructor(shared: Shared, table: RouteTable, tag: string, input: unknown, options: RouteCallOptions, on?: OnArm);
    go(): Promise<Answered>;
}
export {};