import { type Route, type RoutesOptions, type RouteTable, type Via } from './routes.ts';
import type { Validator } from './validate.ts';
export interface JsonTools {
    readonly vias: Readonly<Record<string, Via>>;
    readonly checks?: Readonly<Record<string, Validator>>;
}
export declare function tableFromJson<Tag extends string = string>(text: string, tools: JsonTools, options?: RoutesOptions): RouteTable<Readonly<Record<Tag, Route>>>;
export declare function tableFromFile<Tag extends string = string>(path: string, tools: JsonTools, options?: RoutesOptions): Promise<RouteTable<Readonly<Record<Tag, Route>>>>;