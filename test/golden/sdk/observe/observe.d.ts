import type { UserPrices } from '@routescope/conventions/prices';
import { type ContentMode, type ContentOptions } from '../content/settings.ts';
import { type Clock } from '../telemetry.ts';
export interface ObserveOptions {
    readonly prices?: UserPrices;
    readonly includeUsage?: boolean;
    readonly content?: ContentMode | ContentOptions;
    readonly clock?: Clock;
}
export declare function observe<C extends object>(client: C, options?: ObserveOptions): C;