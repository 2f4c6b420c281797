import type { UserPrices } from '@routescope/conventions/prices';
import { type Clock } from '../telemetry.ts';
import type { ChatInput } from './adapters.ts';
import { type AttemptRecord } from './attempt.ts';
import { type CallRef } from './call.ts';
import type { Route, RouteTable, TryOptions } from './routes.ts';
import { type StandardSchema } from './validate.ts';
export interface RouterOptions {
    /** For the baseline cost; else the process's own (`start({ prices })`). */
    readonly prices?: UserPrices;
    /** Epoch ms; for simulations. @default the system's */
    readonly clock?: Clock;
    /** Waits before a retry; for simulations. Rejects when the signal aborts. */
    readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
    /** 0 to 1, for jitter. @default Math.random */
    readonly random?: () => number;
}
export interface RouteCallOptions {
    /** Calls off the attempt under way, and every one after it. */
    readonly signal?: AbortSignal;
}
export interface Routed<Answer> {
    readonly answer: Answer;
    readonly call: CallRef;
}
/** What a route's answer is: its schema's output, else the text. */
export type AnswerOf<R extends Route> = R['validate'] extends StandardSchema<infer Output> ? Output : string;
export interface Router<T extends Readonly<Record<string, Route>>> {
    readonly version: string;
    /**
     * Routes one request by its tag: tries the tiers in order until an answer is accepted.
     * @param input a chat for the tiers' adapters, or your own code, run once per attempt with the tier's model and limits.
     * @throws RouteError when nothing is left to try; the abort error when `signal` aborts; your own code's error as it is.
     */
    route<Tag extends keyof T & string, Answer>(tag: Tag, input: (options: TryOptions) => Promise<Answer>, options?: RouteCallOptions): Promise<Routed<Answer>>;
    route<Tag extends keyof T & string>(tag: Tag, input: ChatInput, options?: RouteCallOptions): Promise<Routed<AnswerOf<T[Tag]>>>;
}
/** Every attempt failed or was rejected. The message has a part for each. */
export declare class RouteError extends Error {
    readonly name = "RouteError";
    readonly tag: string;
    readonly attempts: readonly AttemptRecord[];
    readonly call: CallRef;
    /** The last rejected answer, if there was one: it may be better than nothing. */
    readonly answer: unknown;
    constructor(tag: string, attempts: readonly AttemptRecord[], call: CallRef);
}
/** A router over a checked table. Holds no state: one per process or one per request are the same. */
export declare function createRouter<T extends Readonly<Record<string, Route>>>(table: RouteTable<T>, options?: RouterOptions): Router<T>;