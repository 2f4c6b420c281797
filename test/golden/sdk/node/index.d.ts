import type { Attributes } from '@opentelemetry/api';
import { type UserPrices } from '@routescope/conventions/prices';
import { type ContentMode, type ContentOptions } from '../content/settings.ts';
import { type ExportStats } from './exporter.ts';
export interface StartOptions {
    readonly serviceName?: string;
    readonly serviceVersion?: string;
    readonly environment?: string;
    readonly endpoint?: string;
    readonly token?: string;
    readonly prices?: string | UserPrices;
    readonly content?: ContentMode | ContentOptions;
    readonly sampling?: number;
    readonly everyCall?: boolean;
    readonly adopt?: boolean;
    readonly exitTimeoutMs?: number;
    readonly attributes?: Attributes;
}
export interface Telemetry {
    flush(): Promise<void>;
    shutdown(): Promise<void>;
    stats(): ExportStats & {
        readonly failures: number;
    };
}
export declare function start(options?: StartOptions): Telemetry;