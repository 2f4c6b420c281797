import { type RoutesOptions, type RouteTable, type Via } from './routes.ts';
import type { Validator } from './validate.ts';
export interface JsonTools {
    readonly vias: Readonly<Record<string, Via>>;
    readonly checks?: Readonly<Record<string, Validator>>;
}
export declare function tableFromJson(text: string, tools: JsonTools, options?: RoutesOptions): RouteTable;
export declare function tableFromFile(path: string, tools: JsonTools, options?: RoutesOptions): Promise<RouteTable>;