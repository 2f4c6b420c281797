import type { tracing } from '@opentelemetry/sdk-node';
export interface ExportStats {
    readonly ended: number;
    readonly exported: number;
    readonly failed: number;
}
export interface CountingExporter extends tracing.SpanExporter {
    countEnded(processor: tracing.SpanProcessor): tracing.SpanProcessor;
    stats(): ExportStats;
}
export declare function countingExporter(exporter: tracing.SpanExporter): CountingExporter;