import type { UserPrices } from '@routescope/conventions/prices';
import { type Clock } from '../telemetry.ts';
export interface ObserveOptions {
    /** Prices that add to the catalog or replace it, for this client; else the process's own (`start({ prices })`). */
    readonly prices?: UserPrices;
    /**
     * Ask OpenAI for the usage of a stream when the app does not (`stream_options.include_usage`), and hide it from the
     * app. Some compatible servers refuse the field.
     * @default true for api.openai.com and for servers on this machine, false elsewhere
     */
    readonly includeUsage?: boolean;
    /** Epoch ms; for simulations. @default the system's */
    readonly clock?: Clock;
}
/** The name every span of this package carries as its scope. */
export declare const scopeName = "@routescope/sdk";
/**
 * A working copy of an OpenAI or Anthropic client: same class, same helpers, same errors. Chat completions and messages
 * made with it are spans with tokens and cost, whole and streamed. The client given stays as it was.
 *
 * @throws TypeError when it is neither client.
 */
export declare function observe<C extends object>(client: C, options?: ObserveOptions): C;