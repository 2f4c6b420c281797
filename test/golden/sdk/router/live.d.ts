import type { RouterEvent } from '../events.ts';
import type { Routes, RouteTable } from './routes.ts';
export interface LiveRoutesOptions {
    readonly everyMs?: number;
}
type Told = Omit<RouterEvent, 'at'>;
export interface LiveRoutes<T extends Routes = Routes> {
    readonly table: RouteTable<T>;
    readonly problem: string | undefined;
    reload(): Promise<boolean>;
    onChange(listener: (event: Told) => void): void;
    stop(): void;
}
export declare function liveRoutes<T extends Routes>(load: () => RouteTable<T> | Promise<RouteTable<T>>, { everyMs }?: LiveRoutesOptions): Promise<LiveRoutes<T>>;
export declare const isLive: <T extends Routes>(source: RouteTable<T> | LiveRoutes<T>) => source is LiveRoutes<T>;
export {};