import type { Route, RouteTable, Tier, Via } from './routes.ts';
export interface Place {
    readonly tier: Tier;
    readonly rank: number;
    readonly model: string;
    readonly via: Via;
    readonly provider: string;
    readonly deployment: string | undefined;
    readonly weight: number;
}
export interface CompiledRoute {
    readonly route: Route;
    readonly places: readonly (readonly Place[])[];
    readonly retries: number;
    readonly reruns: number;
    readonly maxAttempts: number;
}
export declare function declaredAttempts(route: Route): number;
export declare function compiledRoute(table: RouteTable, tag: string): CompiledRoute | undefined;