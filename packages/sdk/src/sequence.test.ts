/** The sequence of an emitter, over spans that are sent, dropped by the sampler, or made by nobody. */
import { type Span, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { endSpan } from './sequence.ts';

const exporter = new InMemorySpanExporter();
/** Drops what its name says, records without sending what its name says. */
const sampler: Sampler = {
  shouldSample: (_context, _trace, name) => ({ decision: name === 'drop' ? 0 : name === 'record' ? 1 : 2 }),
  toString: () => 'by name',
};
const tracer = new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('t');

test('counts the spans that are sent, in the order they end, and no others', () => {
  const start = (name: string): Span => tracer.startSpan(name);
  const [first, dropped, recorded, last, abandoned] = ['first', 'drop', 'record', 'last', 'abandoned'].map(
    start,
  ) as Span[];
  for (const span of [last, dropped, recorded, first]) endSpan(span as Span, Date.now());
  endSpan(trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 }), Date.now());
  endSpan(start('next'), Date.now());
  expect(abandoned?.isRecording()).toBe(true);

  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name }) => name)).toEqual(['last', 'first', 'next']);
  const numbers = spans.map(({ attributes }) => Number(attributes['routescope.emitter.sequence']));
  expect(numbers).toEqual([1, 2, 3]);
  expect(new Set(spans.map(({ attributes }) => attributes['routescope.emitter.id'])).size).toBe(1);
});
