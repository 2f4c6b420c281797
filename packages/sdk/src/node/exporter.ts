/**
 * Takes spans off OpenTelemetry's hands and brings them to the sidecar, one batch after the other. What is not taken is
 * kept, tried again, and counted in the end. Nothing of that keeps the process alive but a try that is under way.
 */
import { type Context, context } from '@opentelemetry/api';
import type { tracing } from '@opentelemetry/sdk-node';
import { noteSilence } from '../sidecar.ts';
import { countFailure } from '../telemetry.ts';

export interface ExportStats {
  /** Spans that ended. */
  readonly ended: number;
  /** Spans the sidecar acknowledged. */
  readonly exported: number;
  /** Spans given up on: refused, more than can wait, or still waiting at the shutdown. */
  readonly failed: number;
}

export interface PatientExporter extends tracing.SpanExporter {
  countEnded(processor: tracing.SpanProcessor): tracing.SpanProcessor;
  /** Sends what waits, until all of it is sent or a try fails. Never rejects. */
  forceFlush(): Promise<void>;
  stats(): ExportStats;
}

type Spans = Parameters<tracing.SpanExporter['export']>[0];

interface Batch {
  readonly spans: Spans;
  /** OpenTelemetry's, in which sending it is no span of the app's. */
  readonly quiet: Context;
}

/** OpenTelemetry's ExportResultCode.SUCCESS. */
const success = 0;
/** ms after a failed try */
const pause = 1_000;

/** @param most spans that wait at most; what is beyond it is given up. */
export function patientExporter(exporter: tracing.SpanExporter, most: number): PatientExporter {
  const stats = { ended: 0, exported: 0, failed: 0 };
  const waiting: Batch[] = [];
  let spansWaiting = 0;
  let isSending = false;
  let sending = Promise.resolve();
  let again: NodeJS.Timeout | undefined;

  function took({ spans }: Batch, what: 'exported' | 'failed'): void {
    waiting.shift();
    spansWaiting -= spans.length;
    stats[what] += spans.length;
  }

  async function deliverAll(): Promise<void> {
    isSending = true;
    clearTimeout(again);
    again = undefined;
    for (let batch = waiting[0]; batch; batch = waiting[0]) {
      const fate = await send(exporter, batch);
      if (fate === 'unheard') {
        noteSilence();
        again = setTimeout(deliver, pause).unref();
        break;
      }
      took(batch, fate);
    }
    isSending = false;
  }

  /** Joins a delivery that is under way. */
  function deliver(): Promise<void> {
    if (!isSending) sending = deliverAll();
    return sending;
  }

  return {
    export(spans, done) {
      done({ code: success }); // else its timer, which nobody can unref, would hold the process
      if (spansWaiting + spans.length > most) {
        stats.failed += spans.length;
        return;
      }
      spansWaiting += spans.length;
      waiting.push({ spans, quiet: context.active() });
      // After a failed try not before its time, however many come.
      if (again === undefined) void deliver();
    },
    forceFlush: deliver,
    async shutdown() {
      await deliver();
      clearTimeout(again);
      for (let batch = waiting[0]; batch; batch = waiting[0]) took(batch, 'failed');
      await exporter.shutdown();
    },
    countEnded: (processor) => ({
      onStart: (span, parent) => processor.onStart(span, parent),
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

/** One try, with the exporter's own repetitions. */
function send(exporter: tracing.SpanExporter, { spans, quiet }: Batch): Promise<'exported' | 'failed' | 'unheard'> {
  return new Promise((resolve) => {
    try {
      context.with(quiet, () =>
        exporter.export(spans, ({ code, error }) => {
          // An HTTP status is an answer, and one that is worth another try has none here.
          const isRefused = typeof (error as { code?: unknown } | undefined)?.code === 'number';
          resolve(code === success ? 'exported' : isRefused ? 'failed' : 'unheard');
        }),
      );
    } catch {
      countFailure();
      resolve('failed'); // spans that cannot be written down
    }
  });
}
