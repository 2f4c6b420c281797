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

/** OpenTelemetry's ExportResultCode.SUCCESS. */
const success = 0;

export function countingExporter(exporter: tracing.SpanExporter): CountingExporter {
  const stats = { ended: 0, exported: 0, failed: 0 };
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code === success) stats.exported += spans.length;
        else stats.failed += spans.length;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
    countEnded: (processor) => ({
      onStart: (span, context) => processor.onStart(span, context),
      onEnd(span) {
        stats.ended++;
        processor.onEnd(span);
      },
      forceFlush: () => processor.forceFlush(),
      shutdown: () => processor.shutdown(),
    }),
    stats: () => ({ ...stats }),
  };
}
