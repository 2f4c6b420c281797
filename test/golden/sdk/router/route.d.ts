import type { UserPrices } from '@routescope/conventions/prices';
import { type RouterEvent } from '../events.ts';
import { type Clock } from '../telemetry.ts';
import type { ChatInput } from './adapters.ts';
import { type Budget } from './budget.ts';
import type { CallRef } from './call.ts';
import { type Timer } from './deadline.ts';
import { Health } from './health.ts';
import { type LiveRoutes } from './live.ts';
import type { Routes, RouteTable, TryOptions } from './routes.ts';
import { type RouteCallOptions } from './run.ts';
import { type RouterStats } from './stats.ts';
import type { StandardSchema } from './validate.ts';
export interface Arm<T extends Routes> {
    readonly name: string;
    readonly share: number;
    readonly table?: RouteTable<T>;
    readonly tiers?: Readonly<Partial<Record<keyof T & string, string>>>;
}
export interface Experiment<T extends Routes> {
    readonly name: string;
    readonly arms: readonly Arm<T>[];
}
export interface RouterOptions<T extends Routes = Routes> {
    readonly prices?: UserPrices;
    readonly experiment?: Experiment<T>;
    readonly budgets?: readonly Budget[];
    readonly health?: Health;
    readonly patienceMs?: number;
    readonly onEvent?: (event: RouterEvent) => void;
    readonly clock?: Clock;
    readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
    readonly timer?: Timer;
    readonly random?: () => number;
}
export interface Routed<Answer> {
    readonly answer: Answer;
    readonly call: CallRef;
}
export type AnswerOf<R> = R extends {
    readonly validate: infer V;
} ? V extends StandardSchema<infer Output> ? Output : V extends {
    readonly check: StandardSchema<infer Output>;
} ? Output : string : string;
export interface Router<T extends Routes> {
    readonly version: string;
    route<Tag extends keyof T & string, Answer>(tag: Tag, input: (options: TryOptions) => Promise<Answer>, options?: RouteCallOptions): Promise<Routed<Answer>>;
    route<Tag extends keyof T & string>(tag: Tag, input: ChatInput, options?: RouteCallOptions): Promise<Routed<AnswerOf<T[Tag]>>>;
    stats(): RouterStats;
}
export declare function createRouter<T extends Routes>(source: RouteTable<T> | LiveRoutes<T>, options?: RouterOptions<T>): Router<T>;