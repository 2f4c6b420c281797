/** Telemetry that is broken in every place: what the app gets does not change. */
import assert from 'node:assert/strict';
import { type Context, context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type ObserveOptions, withSession } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import { type Check, outcome, registerTelemetry, type Scenario } from '../trial.ts';
import { isStreamed, json, type Script } from '../wire.ts';
import { read } from './promise.ts';

const fail = (): never => {
  throw new Error('telemetry is broken');
};
const processor = (changes: Partial<SpanProcessor>): SpanProcessor => ({
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
  ...changes,
});
const exporting = (changes: Partial<SpanExporter>): SpanExporter => ({
  export: (_spans, done) => done({ code: 0 }),
  shutdown: async () => {},
  ...changes,
});
/** A provider whose spans are broken in one method. */
function brokenSpans(...methods: (keyof Span)[]): void {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new InMemorySpanExporter())] });
  provide({
    getTracer: (...given) => {
      const tracer = provider.getTracer(...given);
      return {
        startSpan(...more) {
          const span = tracer.startSpan(...more);
          for (const method of methods) span[method] = fail as never;
          return span;
        },
        startActiveSpan: tracer.startActiveSpan.bind(tracer) as never,
      };
    },
  });
}
function provide(provider: Parameters<typeof trace.setGlobalTracerProvider>[0]): void {
  trace.disable();
  trace.setGlobalTracerProvider(provider);
}

/** A clock that answers one time in so many. */
function every(many: number): () => number {
  let times = 0;
  return () => (times++ % many === 0 ? Date.now() : fail());
}

interface Sabotage {
  readonly prepare?: () => void;
  readonly observe?: ObserveOptions;
}

const sabotages: Readonly<Record<string, Sabotage>> = {
  'an exporter that throws': {
    prepare: () => registerTelemetry([new SimpleSpanProcessor(exporting({ export: fail }))]),
  },
  'an exporter that fails': {
    prepare: () =>
      registerTelemetry([
        new SimpleSpanProcessor(exporting({ export: (_, done) => done({ code: 1, error: new Error('full') }) })),
      ]),
  },
  'an exporter that never answers': {
    prepare: () => registerTelemetry([new SimpleSpanProcessor(exporting({ export() {} }))]),
  },
  'a queue that is full': {
    prepare: () =>
      registerTelemetry([
        new BatchSpanProcessor(exporting({ export() {} }), { maxQueueSize: 1, maxExportBatchSize: 1 }),
      ]),
  },
  'a processor that throws at the start': { prepare: () => registerTelemetry([processor({ onStart: fail })]) },
  'a processor that throws at the end': { prepare: () => registerTelemetry([processor({ onEnd: fail })]) },
  'no provider': { prepare: () => trace.disable() },
  'no context manager': { prepare: () => context.disable() },
  'neither provider nor context manager': {
    prepare() {
      trace.disable();
      context.disable();
    },
  },
  'a provider that throws': { prepare: () => provide({ getTracer: fail }) },
  'a provider that gives nothing': { prepare: () => provide({ getTracer: () => undefined as never }) },
  'a tracer that throws': {
    prepare: () => provide({ getTracer: () => ({ startSpan: fail, startActiveSpan: fail as never }) }),
  },
  'a tracer that gives nothing': {
    prepare: () =>
      provide({ getTracer: () => ({ startSpan: () => undefined as never, startActiveSpan: fail as never }) }),
  },
  'a sampler that throws': {
    prepare: () =>
      provide(new BasicTracerProvider({ sampler: { shouldSample: fail, toString: () => 'broken' } as Sampler })),
  },
  'a sampler that drops all': {
    prepare: () =>
      provide(new BasicTracerProvider({ sampler: { shouldSample: () => ({ decision: 0 }), toString: () => 'none' } })),
  },
  'an id generator that throws': {
    prepare: () => provide(new BasicTracerProvider({ idGenerator: { generateSpanId: fail, generateTraceId: fail } })),
  },
  'a span whose setAttributes() throws': { prepare: () => brokenSpans('setAttributes', 'setAttribute') },
  'a span whose end() throws': { prepare: () => brokenSpans('end') },
  'a span whose spanContext() throws': { prepare: () => brokenSpans('spanContext', 'isRecording') },
  'a span whose setStatus() throws': { prepare: () => brokenSpans('setStatus', 'recordException', 'addEvent') },
  'a context manager that throws': {
    prepare() {
      context.disable();
      context.setGlobalContextManager({
        active: fail as () => Context,
        with: fail as never,
        bind: (_, target) => target,
        enable: () => context as never,
        disable: () => context as never,
      });
    },
  },
  'a context manager whose with() throws': {
    prepare() {
      context.disable();
      context.setGlobalContextManager({
        active: () => ROOT_CONTEXT,
        with: fail as never,
        bind: (_, target) => target,
        enable: () => context as never,
        disable: () => context as never,
      });
    },
  },
  'a clock that throws': { observe: { clock: fail } },
  'a clock that throws every other time': { observe: { clock: every(2) } },
  'a clock that throws two times in three': { observe: { clock: every(3) } },
  'a clock that tells nonsense': { observe: { clock: () => Number.NaN } },
  'prices that are nonsense at the time': { observe: { clock: () => -1 } },
};

export function sabotageChecks(dialect: Dialect): Check[] {
  const { ask, askStream } = dialect;
  const answer: Script = (asked) => (isStreamed(asked) ? dialect.stream() : json(dialect.whole));
  const drops: Script = (_asked, _number, signal) => dialect.stream({ dropAfter: 3, signal });
  const lives: readonly (readonly [string, Script, Scenario])[] = [
    ['an answer', answer, (client) => ask(client)],
    ['a stream', answer, async (client) => read(await askStream(client))],
    ['a refusal', () => json(dialect.error(429), 429), (client) => outcome(ask(client))],
    ['a dropped stream', drops, async (client) => outcome(async () => read(await askStream(client)))],
  ];
  const checks = Object.entries(sabotages).flatMap(([name, { prepare, observe }]) =>
    lives.map(
      ([what, script, live]): Check => ({
        group: 'broken telemetry',
        name: `${name}: ${what} is the same`,
        async run(trial) {
          prepare?.();
          try {
            await trial.same(script, live, observe ? { observe } : {});
          } finally {
            registerTelemetry();
          }
        },
      }),
    ),
  );
  const hostile: Check = {
    group: 'broken telemetry',
    name: 'a session whose text throws: an answer is the same',
    async run(trial) {
      const session = { toString: fail, valueOf: fail, toJSON: fail } as never;
      await trial.same(answer, (client) => withSession(session, () => ask(client)));
    },
  };
  const getter: Check = {
    group: 'broken telemetry',
    name: 'a request whose accessor throws once is asked the same number of times, or the call fails as it would bare',
    async run(trial) {
      await trial.same(answer, (client) =>
        outcome(() =>
          ask(client, {
            get top_p() {
              throw new RangeError('of the app');
            },
          }),
        ),
      );
    },
  };
  assert.ok(checks.length > 0);
  return [...checks, hostile, getter];
}
