import type { Catcher } from '@routescope/conventions';
import type { RoutePolicy } from './policy/policy.ts';
import type { NamedValidator, Validator } from './validate.ts';
export interface TryOptions {
    readonly model: string;
    readonly maxTokens: number | undefined;
    readonly temperature: number | undefined;
    readonly signal: AbortSignal | undefined;
    readonly attempt: number;
    readonly logprobs?: boolean;
}
export type Via = (input: any, options: TryOptions) => unknown;
export interface Deployment {
    readonly name?: string;
    readonly model: string;
    readonly via: Via;
    readonly provider?: string;
    readonly weight?: number;
}
interface TierLimits {
    readonly name: string;
    readonly maxTokens?: number;
    readonly temperature?: number;
    readonly tempCap?: number;
    readonly timeoutMs?: number;
    readonly logprobs?: boolean;
}
export type Tier = TierLimits & ((Omit<Deployment, 'name' | 'weight'> & {
    readonly deployments?: undefined;
}) | {
    readonly deployments: readonly Deployment[];
    readonly model?: undefined;
    readonly via?: undefined;
});
export interface Rerun {
    readonly times?: number;
    readonly temperature?: number;
}
export interface Route {
    readonly why: string;
    readonly caughtBy: Catcher;
    readonly tiers: readonly Tier[];
    readonly policy?: RoutePolicy;
    readonly validate?: Validator | NamedValidator | undefined;
    readonly rerun?: Rerun;
    readonly baseline?: string;
    readonly qualityBar?: number;
    readonly retries?: number;
    readonly maxAttempts?: number;
    readonly timeoutMs?: number;
}
export type Routes = Readonly<Record<string, Route>>;
export interface RouteTable<T extends Routes = Routes> {
    readonly version: string;
    readonly routes: T;
    readonly warnings: readonly string[];
}
export interface RoutesOptions {
    readonly version?: string;
}
export declare function routes<const T extends Routes>(table: T, options?: RoutesOptions): RouteTable<T>;
export {};