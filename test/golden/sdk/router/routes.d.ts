import { type Catcher } from '@routescope/conventions';
import type { Validator } from './validate.ts';
export interface TryOptions {
    readonly model: string;
    readonly maxTokens: number | undefined;
    readonly temperature: number | undefined;
    readonly signal: AbortSignal | undefined;
    readonly attempt: number;
}
export type Via = (input: any, options: TryOptions) => unknown;
export interface Tier {
    readonly name: string;
    readonly model: string;
    readonly via: Via;
    readonly maxTokens?: number;
    readonly temperature?: number;
}
export interface Route {
    readonly why: string;
    readonly caughtBy: Catcher;
    readonly tiers: readonly Tier[];
    readonly validate?: Validator | undefined;
    readonly baseline?: string;
}
export interface RouteTable<T extends Readonly<Record<string, Route>> = Readonly<Record<string, Route>>> {
    readonly version: string;
    readonly routes: T;
}
export interface RoutesOptions {
    readonly version?: string;
}
export declare function routes<const T extends Readonly<Record<string, Route>>>(table: T, options?: RoutesOptions): RouteTable<T>;