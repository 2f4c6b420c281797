import { type Catcher } from '@routescope/conventions';
import type { Validator } from './validate.ts';
/** What the router tells the code that makes the request. */
export interface TryOptions {
    readonly model: string;
    readonly maxTokens: number | undefined;
    readonly temperature: number | undefined;
    readonly signal: AbortSignal | undefined;
    /** Which try of the call this is, from 1. */
    readonly attempt: number;
}
/** Makes the request of one attempt. What it returns is the answer; what it throws is the failure. */
export type Via = (input: any, options: TryOptions) => unknown;
export interface Tier {
    /** Names the place in the route: `small`, `frontier`. */
    readonly name: string;
    readonly model: string;
    readonly via: Via;
    readonly maxTokens?: number;
    readonly temperature?: number;
}
export interface Route {
    /** The documented reason for the choice. */
    readonly why: string;
    /** What catches a wrong answer, if anything does. */
    readonly caughtBy: Catcher;
    /** Cheapest first; a failure or a rejected answer goes to the next. */
    readonly tiers: readonly Tier[];
    readonly validate?: Validator | undefined;
    /** The model that would serve everything without routing. */
    readonly baseline?: string;
}
export interface RouteTable<T extends Readonly<Record<string, Route>> = Readonly<Record<string, Route>>> {
    /** Content hash, or the name given. */
    readonly version: string;
    readonly routes: T;
}
export interface RoutesOptions {
    /** Names the table instead of its content hash. */
    readonly version?: string;
}
/**
 * Checks a route table and freezes it.
 * @throws Error that lists everything that is wrong with it, in sentences.
 */
export declare function routes<const T extends Readonly<Record<string, Route>>>(table: T, options?: RoutesOptions): RouteTable<T>;