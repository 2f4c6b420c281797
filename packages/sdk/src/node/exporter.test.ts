/** What becomes of spans whose sidecar refuses, is away, comes back, or has no room in time. */
import type { tracing } from '@opentelemetry/sdk-node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patientExporter } from './exporter.ts';

type Result = Parameters<Parameters<tracing.SpanExporter['export']>[1]>[0];

const taken: Result = { code: 0 };
const away: Result = { code: 1, error: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) };
const refused: Result = { code: 1, error: Object.assign(new Error('Bad Request'), { code: 400 }) };

let said: Result | undefined;
let tries: number[];
let isDown: boolean;
/** Answers what `said` is; undefined: never. */
const inner: tracing.SpanExporter = {
  export(spans, done) {
    tries.push(spans.length);
    if (said) done(said);
  },
  shutdown: async () => {
    isDown = true;
  },
};
const batch = (size: number): Parameters<tracing.SpanExporter['export']>[0] => Array(size);
const accepted = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  tries = [];
  isDown = false;
  said = taken;
  accepted.mockReset();
});
afterEach(() => {
  vi.useRealTimers();
});

test('OpenTelemetry is told at once, and nothing of it waits for the sidecar', () => {
  said = undefined;
  const exporter = patientExporter(inner, 10);
  exporter.export(batch(2), accepted);
  exporter.export(batch(3), accepted);
  expect(accepted.mock.calls).toEqual([[{ code: 0 }], [{ code: 0 }]]);
  expect(tries).toEqual([2]); // one after the other
  expect(vi.getTimerCount()).toBe(0);
  expect(exporter.stats()).toMatchObject({ exported: 0, failed: 0 });
});

test('what is not taken is kept until it is, in its order', async () => {
  said = away;
  const exporter = patientExporter(inner, 10);
  exporter.export(batch(2), accepted);
  await exporter.forceFlush();
  exporter.export(batch(3), accepted);
  expect(tries).toEqual([2]); // not before its time
  await vi.advanceTimersByTimeAsync(1_000);
  expect(tries).toEqual([2, 2]);
  said = taken;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(tries).toEqual([2, 2, 2, 3]);
  expect(exporter.stats()).toMatchObject({ exported: 5, failed: 0 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(tries).toHaveLength(4);
});

test('a flush does not wait for the next try, and ends with the first that fails', async () => {
  said = away;
  const exporter = patientExporter(inner, 10);
  exporter.export(batch(2), accepted);
  exporter.export(batch(3), accepted);
  await exporter.forceFlush();
  expect(tries).toEqual([2]);
  said = taken;
  await exporter.forceFlush();
  expect(tries).toEqual([2, 2, 3]);
  expect(exporter.stats()).toMatchObject({ exported: 5, failed: 0 });
});

test('what is refused, or cannot be written down, is given up and holds up nothing', async () => {
  const exporter = patientExporter(
    {
      ...inner,
      export(spans, done) {
        if (spans.length === 1) throw new Error('a span that is no JSON');
        inner.export(spans, done);
      },
    },
    10,
  );
  said = refused;
  exporter.export(batch(2), accepted);
  await exporter.forceFlush();
  said = taken;
  exporter.export(batch(1), accepted);
  exporter.export(batch(3), accepted);
  await exporter.forceFlush();
  expect(exporter.stats()).toMatchObject({ exported: 3, failed: 3 });
});

test('what is more than can wait is given up, and counted', async () => {
  said = away;
  const exporter = patientExporter(inner, 4);
  for (let each = 0; each < 3; each++) exporter.export(batch(2), accepted);
  await exporter.forceFlush();
  expect(exporter.stats()).toMatchObject({ exported: 0, failed: 2 });
  said = taken;
  await exporter.forceFlush();
  expect(exporter.stats()).toMatchObject({ exported: 4, failed: 2 });
});

test('the shutdown tries once, and counts what it leaves', async () => {
  said = away;
  const exporter = patientExporter(inner, 10);
  exporter.export(batch(2), accepted);
  exporter.export(batch(3), accepted);
  await exporter.shutdown();
  expect(tries).toEqual([2]);
  expect(exporter.stats()).toMatchObject({ exported: 0, failed: 5 });
  expect([isDown, vi.getTimerCount()]).toEqual([true, 0]);
});
