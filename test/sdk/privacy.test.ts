/**
 * Whatever text stands wherever in an answer: with content off, none of it is on a span. Every recorded answer, with
 * each of its texts in turn replaced by a sentence, and with all of them at once.
 */
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { recordingOf, replayed } from './replayed.ts';
import { golden } from './usage-golden.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});

const sentence = 'My SECRET\nsaid in words';

/** The same with a sentence for each text whose name, or path, is asked for. */
function reworded(value: Json, isAsked: (path: string) => boolean, path = ''): Json {
  if (typeof value === 'string') return isAsked(path) ? sentence : value;
  if (Array.isArray(value)) return value.map((each) => reworded(each, isAsked, path));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      reworded(each, isAsked, path === '' ? name : `${path}.${name}`),
    ]),
  );
}

function pathsOf(value: Json, path = '', found = new Set<string>()): Set<string> {
  if (typeof value === 'string') found.add(path);
  else if (typeof value === 'object' && value !== null)
    for (const [name, each] of Object.entries(value))
      pathsOf(each, Array.isArray(value) ? path : path === '' ? name : `${path}.${name}`, found);
  return found;
}

/** An answer that no longer is one may be refused by the SDK; a call is a span all the same. */
async function spansOf(row: (typeof golden)[number], payloads: readonly Json[], isStream: boolean): Promise<string> {
  exporter.reset();
  await replayed(row, { payloads, isStream }).catch(() => {});
  const spans = exporter.getFinishedSpans();
  expect(spans.length).toBeGreaterThan(0);
  return JSON.stringify(spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]));
}

/** Each once: an answer of the same method has most of them in common with the next. */
const tried = new Set<string>();

test.each(golden.map((row) => ({ row, file: row[0] })))('$file', async ({ row }) => {
  const { payloads, isStream } = recordingOf(row[0]);
  expect(
    await spansOf(
      row,
      payloads.map((each) => reworded(each, () => true)),
      isStream,
    ),
  ).not.toContain('SECRET');
  const isTold = (path: string): boolean => !/(^|\.)(type|object|role)$/.test(path);
  expect(
    await spansOf(
      row,
      payloads.map((each) => reworded(each, isTold)),
      isStream,
    ),
  ).not.toContain('SECRET');
  for (const path of new Set(payloads.flatMap((each) => [...pathsOf(each)]))) {
    const name = `${row[1]} ${isStream} ${path}`;
    if (tried.has(name)) continue;
    tried.add(name);
    const said = await spansOf(
      row,
      payloads.map((each) => reworded(each, (at) => at === path)),
      isStream,
    );
    expect(said, path).not.toContain('SECRET');
  }
});
