/** Counts what becomes of every span between its end and the sidecar, so that nothing is dropped in silence. */
import type { tracing } from '@opentelemetry/sdk-node';
export interface ExportStats {
    /** Spans that ended. */
    readonly ended: number;
    /** Spans the sidecar acknowledged. */
    readonly exported: number;
    /** Spans the exporter gave up on, after its own retries. */
    readonly failed: number;
}
export interface CountingExporter extends tracing.SpanExporter {
    countEnded(processor: tracing.SpanProcessor): tracing.SpanProcessor;
    stats(): ExportStats;
}
export declare function countingExporter(exporter: tracing.SpanExporter): CountingExporter;