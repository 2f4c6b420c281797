import type { tracing } from '@opentelemetry/sdk-node';
export interface ExportStats {
    readonly ended: number;
    readonly exported: number;
    readonly failed: number;
}
export interface PatientExporter extends tracing.SpanExporter {
    countEnded(processor: tracing.SpanProcessor): tracing.SpanProcessor;
    forceFlush(): Promise<void>;
    stats(): ExportStats;
}
export declare function patientExporter(exporter: tracing.SpanExporter, most: number): PatientExporter;