import type { UserPrices } from '@routescope/conventions/prices';
import { type Clock } from '../telemetry.ts';
import type { ChatInput } from './adapters.ts';
import { type AttemptRecord } from './attempt.ts';
import { type CallRef } from './call.ts';
import type { Route, RouteTable, TryOptions } from './routes.ts';
import { type StandardSchema } from './validate.ts';
export interface RouterOptions {
    readonly prices?: UserPrices;
    readonly clock?: Clock;
    readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
    readonly random?: () => number;
}
export interface RouteCallOptions {
    readonly signal?: AbortSignal;
}
export interface Routed<Answer> {
    readonly answer: Answer;
    readonly call: CallRef;
}
export type AnswerOf<R extends Route> = R['validate'] extends StandardSchema<infer Output> ? Output : string;
export interface Router<T extends Readonly<Record<string, Route>>> {
    readonly version: string;
    route<Tag extends keyof T & string, Answer>(tag: Tag, input: (options: TryOptions) => Promise<Answer>, options?: RouteCallOptions): Promise<Routed<Answer>>;
    route<Tag extends keyof T & string>(tag: Tag, input: ChatInput, options?: RouteCallOptions): Promise<Routed<AnswerOf<T[Tag]>>>;
}
export declare class RouteError extends Error {
    readonly name = "RouteError";
    readonly tag: string;
    readonly attempts: readonly AttemptRecord[];
    readonly call: CallRef;
    readonly answer: unknown;
    constructor(tag: string, attempts: readonly AttemptRecord[], call: CallRef);
}
export declare function createRouter<T extends Readonly<Record<string, Route>>>(table: RouteTable<T>, options?: RouterOptions): Router<T>;