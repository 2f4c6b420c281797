import type { Attributes } from '@opentelemetry/api';
import { type UserPrices } from '@routescope/conventions/prices';
import { type ExportStats } from './exporter.ts';
export interface StartOptions {
    /** `service.name` of every span. */
    readonly serviceName: string;
    readonly serviceVersion?: string;
    /** `deployment.environment.name` */
    readonly environment?: string;
    /** The sidecar. @default http://127.0.0.1:4318 */
    readonly endpoint?: string;
    /** Your own prices: a JSON file, or what it would hold. */
    readonly prices?: string | UserPrices;
    /** More resource attributes. */
    readonly attributes?: Attributes;
}
export interface Telemetry {
    /** Sends what is queued. */
    flush(): Promise<void>;
    /** Sends what is queued and stops. */
    shutdown(): Promise<void>;
    /** What became of the spans so far. */
    stats(): ExportStats & {
        readonly failures: number;
    };
}
/**
 * Registers OpenTelemetry with one exporter to the sidecar. Call it once, before the first span.
 * @throws Error when @opentelemetry/sdk-node or the exporter is not installed, or the prices are wrong.
 */
export declare function start(options: StartOptions): Telemetry;