/**
 * Loss seen: every span of ours that the app's exporter is to send carries who made it and a number that goes up by
 * one. A number that never arrives is a span lost between this process and the sidecar (a full queue, an exporter that
 * gave up, a killed process), which the sidecar can count without asking the app.
 *
 * The number is given when the span ends, not when it starts: an inference still being read is no gap. Spans that the
 * app's sampler drops get none: what is not sent on purpose is no loss.
 */
import { randomBytes } from 'node:crypto';
import { type Attributes, type Span, TraceFlags } from '@opentelemetry/api';
import { keepShape } from './shapes.ts';
import { hrTime } from './telemetry.ts';

/** One copy of this package in one process or worker; each of them counts for itself. */
const emitter: string = randomBytes(8).toString('hex');
let sequence = 0;

/**
 * Makes a span that is about to end the next of this emitter.
 * @param said the last of its attributes: set with the number, since each call into OpenTelemetry has its price.
 */
export function numberSpan(span: Span, said: Attributes = {}): void {
  const isSent = span.isRecording() && (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  if (isSent) {
    said['routescope.emitter.id'] = emitter;
    said['routescope.emitter.sequence'] = sequence + 1;
  }
  span.setAttributes(said);
  if (isSent) sequence++;
}

/** Ends a span of ours as the next of this emitter. @param at epoch ms. @param said the last of its attributes. */
export function endSpan(span: Span, at: number, said?: Attributes): void {
  numberSpan(span, said);
  keepShape(span);
  span.end(hrTime(at));
}
