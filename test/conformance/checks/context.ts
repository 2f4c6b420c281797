/** What a span says of its request, and where it stands: names, kinds, parents, session, tag. */
import assert from 'node:assert/strict';
import { context, propagation, SpanKind, type TextMapPropagator, trace } from '@opentelemetry/api';
import { SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe, withSession, withTag } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import {
  type Check,
  type Client,
  exporter,
  hasAttributes,
  outcome,
  registerTelemetry,
  Spans,
  type Trial,
  turns,
} from '../trial.ts';
import { isStreamed, json, type Script, type Wire } from '../wire.ts';
import { noWithOptions } from './client.ts';
import { read } from './promise.ts';

export function contextChecks(dialect: Dialect): Check[] {
  const { ask, askStream, sdk } = dialect;
  const answer: Script = (asked) => (isStreamed(asked) ? dialect.stream() : json(dialect.whole));
  const check = (name: string, run: (trial: Trial) => Promise<void>): Check => ({
    group: 'context and attributes',
    name,
    run,
  });
  const has = (
    name: string,
    expected: Record<string, unknown>,
    changes = {},
    options?: Record<string, unknown>,
  ): Check =>
    check(name, async (trial) => {
      const { spans } = await trial.same(
        answer,
        async (client) => outcome(ask(client, changes)),
        options ? { options } : {},
      );
      spans.has(expected);
    });
  const model = JSON.parse(dialect.whole).model;
  return [
    check('name, kind and scope', async (trial) => {
      const { spans } = await trial.same(answer, (client) => ask(client));
      assert.equal(spans.only.name, `chat ${dialect.model}`);
      assert.equal(spans.only.kind, SpanKind.CLIENT);
      assert.equal(spans.only.instrumentationScope.name, '@routescope/sdk');
    }),
    has('operation, provider and server', {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': dialect.provider,
      'server.address': dialect.host,
      'server.port': 443,
    }),
    has(
      'a port of its own',
      { 'server.address': '127.0.0.1', 'server.port': 8123 },
      {},
      { baseURL: 'http://127.0.0.1:8123/v1' },
    ),
    has('the models asked and answering', { 'gen_ai.request.model': dialect.model, 'gen_ai.response.model': model }),
    has('max tokens and temperature', { 'gen_ai.request.max_tokens': 64, 'gen_ai.request.temperature': 0.2 }),
    has('a temperature of 0', { 'gen_ai.request.temperature': 0 }, { temperature: 0 }),
    has('top p', { 'gen_ai.request.top_p': 0.9 }, { top_p: 0.9 }),
    has(
      'stop sequences',
      { 'gen_ai.request.stop_sequences': ['END'] },
      sdk === 'openai' ? { stop: 'END' } : { stop_sequences: ['END'] },
    ),
    has(
      'several stop sequences',
      { 'gen_ai.request.stop_sequences': ['A', 'B'] },
      sdk === 'openai' ? { stop: ['A', 'B'] } : { stop_sequences: ['A', 'B'] },
    ),
    has(
      'the level of reasoning',
      { 'gen_ai.request.reasoning.level': 'low' },
      sdk === 'openai' ? { reasoning_effort: 'low' } : { output_config: { effort: 'low' } },
    ),
    has('the id of the answer', { 'gen_ai.response.id': JSON.parse(dialect.whole).id }),
    has('what is not asked is not said', {
      'gen_ai.request.top_p': undefined,
      'gen_ai.request.stream': undefined,
      'gen_ai.request.choice.count': undefined,
    }),
    has('usage of a whole answer', {
      'gen_ai.usage.input_tokens': dialect.tokens.whole[0],
      'gen_ai.usage.output_tokens': dialect.tokens.whole[1],
      'routescope.usage.source': 'provider',
    }),
    check('usage of a stream', async (trial) => {
      const { spans } = await trial.same(answer, async (client) => read(await askStream(client)));
      spans.has({
        'gen_ai.usage.input_tokens': dialect.tokens.stream[0],
        'gen_ai.usage.output_tokens': dialect.tokens.stream[1],
        'gen_ai.request.stream': true,
      });
    }),
    check('a stream says what it answered', async (trial) => {
      const { spans } = await trial.same(answer, async (client) => read(await askStream(client)));
      hasAttributes(spans.only, { 'gen_ai.response.finish_reasons': [sdk === 'openai' ? 'stop' : 'end_turn'] });
      assert.ok(spans.only.attributes['gen_ai.response.id']);
    }),
    check('a cost, with its version', async (trial) => {
      const { spans } = await trial.same(answer, (client) => ask(client));
      const { attributes } = spans.only;
      hasAttributes(spans.only, { 'routescope.cost.status': 'priced', 'routescope.cost.source': 'local' });
      assert.ok(Number(attributes['routescope.cost.total']) > 0);
      assert.ok(attributes['routescope.cost.price_version']);
    }),
    check('a model without a price is unpriced, not free', async (trial) => {
      const unknown = JSON.parse(dialect.whole);
      unknown.model = 'nobody-knows-me';
      const { spans } = await trial.same(
        () => json(unknown),
        (client) => ask(client, { model: 'nobody-knows-me' }),
      );
      spans.has({ 'routescope.cost.status': 'unpriced', 'routescope.cost.total': undefined });
    }),
    check('session and tag', async (trial) => {
      const { spans } = await trial.same(answer, (client) =>
        withSession('s1', () => withTag('classify', () => ask(client))),
      );
      spans.has({ 'gen_ai.conversation.id': 's1', 'routescope.tag': 'classify' });
    }),
    check('session and tag through async code', async (trial) => {
      const { spans } = await trial.same(answer, (client) =>
        withSession('s2', async () => {
          await turns(1);
          return await withTag('rewrite', async () => {
            await turns(1);
            return await ask(client);
          });
        }),
      );
      spans.has({ 'gen_ai.conversation.id': 's2', 'routescope.tag': 'rewrite' });
    }),
    check('two sessions at once do not mix', async (trial) => {
      const { spans } = await trial.same(answer, (client) =>
        Promise.all(['a', 'b'].map((id) => withSession(id, () => ask(client)))),
      );
      assert.deepEqual(spans.all.map(({ attributes }) => attributes['gen_ai.conversation.id']).sort(), ['a', 'b']);
    }),
    check('no session is invented', async (trial) => {
      const { spans } = await trial.same(answer, (client) => ask(client));
      spans.has({
        'gen_ai.conversation.id': undefined,
        'routescope.tag': undefined,
        'routescope.attempt.step': undefined,
      });
    }),
    check('the parent is the span of the app', async (trial) => {
      const { spans } = await trial.observed(answer, (client) =>
        trace.getTracer('app').startActiveSpan('app', async (span) => {
          await ask(client);
          span.end();
        }),
      );
      const [inference, app] = spans.all;
      assert.equal(inference?.parentSpanContext?.spanId, app?.spanContext().spanId);
      assert.equal(inference?.spanContext().traceId, app?.spanContext().traceId);
    }),
    check('a span made while sending is its child', async (trial) => {
      const script: Script = (...given) => {
        trace.getTracer('app').startSpan('HTTP POST').end();
        return answer(...given);
      };
      const { spans } = await trial.observed(script, (client) => ask(client));
      const [http, inference] = spans.all;
      assert.equal(http?.parentSpanContext?.spanId, inference?.spanContext().spanId);
    }),
    check('the context of the app is as before, after and while it reads', async (trial) => {
      await trial.same(answer, (client) =>
        trace.getTracer('app').startActiveSpan('app', async (span) => {
          const isApp = (): boolean => trace.getActiveSpan() === span;
          const seen = [isApp()];
          const asked = ask(client);
          seen.push(isApp());
          await asked;
          seen.push(isApp());
          for await (const _ of await askStream(client)) if (seen.length < 6) seen.push(isApp());
          span.end();
          return seen;
        }),
      );
    }),
    check('a handler runs in the context it was given in', async (trial) => {
      const key = Symbol('key');
      await trial.same(answer, (client) =>
        context.with(context.active().setValue(key, 'mine'), () =>
          ask(client).then(() => context.active().getValue(key)),
        ),
      );
    }),
    check(
      'what the app put in its context is there while sending, and more can be put in and taken out',
      async (trial) => {
        const mine = Symbol('mine');
        const seen: unknown[] = [];
        const script: Script = (...given) => {
          const active = context.active();
          const inner = active.setValue(mine, 'inner');
          const span = trace.getSpan(active);
          seen.push(active.getValue(mine), inner.getValue(mine), active.deleteValue(mine).getValue(mine));
          seen.push(span?.isRecording(), trace.getSpan(inner) === span, trace.getSpan(trace.deleteSpan(active)));
          return answer(...given);
        };
        await trial.observed(script, (client) =>
          context.with(context.active().setValue(mine, 'outer'), () => ask(client)),
        );
        assert.deepEqual(seen, ['outer', 'inner', undefined, true, true, undefined]);
      },
    ),
    check('what a processor changes when a span starts stays as it put it', async (trial) => {
      registerTelemetry([
        {
          onStart: (span) => void span.setAttribute('gen_ai.request.model', 'hidden'),
          onEnd() {},
          forceFlush: async () => {},
          shutdown: async () => {},
        },
        new SimpleSpanProcessor(exporter),
      ]);
      const { spans } = await trial.observed(answer, (client) => ask(client));
      spans.has({ 'gen_ai.request.model': 'hidden', 'gen_ai.response.model': model });
    }),
    ...traceContextChecks(dialect, answer),
    check('what a sampler needs is there at the start', async (trial) => {
      const started: Record<string, unknown>[] = [];
      registerTelemetry([
        {
          onStart: (span) => void started.push({ ...span.attributes }),
          onEnd() {},
          forceFlush: async () => {},
          shutdown: async () => {},
        },
        new SimpleSpanProcessor(exporter),
      ]);
      await trial.observed(answer, (client) => withTag('classify', () => ask(client)));
      for (const name of [
        'gen_ai.operation.name',
        'gen_ai.provider.name',
        'gen_ai.request.model',
        'server.address',
        'routescope.tag',
      ])
        assert.ok(started[0] && name in started[0], `${name} is missing at the start`);
    }),
    check('spans of one process are numbered', async (trial) => {
      const { spans } = await trial.observed(answer, async (client) => [await ask(client), await ask(client)]);
      const [one, two] = spans.all.map(({ attributes }) => Number(attributes['routescope.emitter.sequence']));
      assert.equal(Number(two) - Number(one), 1);
    }),
    check('a hundred at once are a hundred spans', async (trial) => {
      const { spans } = await trial.observed(answer, (client) =>
        Promise.all(Array.from({ length: 100 }, () => ask(client))),
      );
      assert.equal(new Spans(spans.all).all.length, 100);
      assert.equal(new Set(spans.all.map((span) => span.spanContext().spanId)).size, 100);
    }),
  ];
}

/** As the one of W3C writes it. */
const propagator: TextMapPropagator = {
  inject(active, carrier, setter) {
    const { traceId, spanId } = trace.getSpanContext(active) ?? {};
    if (traceId) setter.set(carrier, 'traceparent', `00-${traceId}-${spanId}-01`);
  },
  extract: (active) => active,
  fields: () => ['traceparent'],
};

/** Anthropic's own tracing tells the API of its span where the app has a propagator; ours tells it of ours. */
function traceContextChecks({ ask }: Dialect, answer: Script): Check[] {
  const sent = ({ asked }: Wire): (string | undefined)[] => asked.map(({ headers }) => headers['traceparent']);
  const refusing: Script = (asked, number, signal) =>
    number === 0 ? json({}, 500, { 'retry-after-ms': '1' }) : answer(asked, number, signal);
  const check = (
    name: string,
    openTelemetry: unknown,
    change = (client: Client): Client => client,
    exempt?: Check['exempt'],
  ): Check => ({
    group: 'context and attributes',
    exempt,
    name: `traceparent is sent where the bare client sends it, and names our span: ${name}`,
    async run(trial) {
      const options = { openTelemetry, maxRetries: 1 };
      propagation.setGlobalPropagator(propagator);
      try {
        await trial.same(refusing, (client) => ask(change(client)), {
          options,
          wire: (wire) => sent(wire).map((header) => header !== undefined),
        });
        const { seen, spans } = await trial.observed(
          refusing,
          async (client, wire) => {
            await ask(change(client));
            return sent(wire).filter((header) => header !== undefined);
          },
          { options },
        );
        const { traceId, spanId } = spans.only.spanContext();
        for (const header of seen as string[]) assert.equal(header, `00-${traceId}-${spanId}-01`);
      } finally {
        propagation.disable();
      }
    },
  });
  return [
    check('with each try', undefined),
    check('not with tracing off', false),
    check('not with propagation off', { propagation: false }),
    check('by a clone', undefined, (client) => client.withOptions({ timeout: 5_000 }), noWithOptions),
    check('by one observed twice', undefined, (client) => observe(client)),
  ];
}
