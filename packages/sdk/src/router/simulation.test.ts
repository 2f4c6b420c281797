/** The router against providers that fail as told, on a clock of their own: what it asks, and the spans it leaves. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RouterEvent } from '../events.ts';
import type { ChatInput } from './adapters.ts';
import { ChatReply } from './answer.ts';
import { llmJudge } from './checks.ts';
import { declaredAttempts } from './compile.ts';
import { BudgetError, RouteError } from './errors.ts';
import { Health } from './health.ts';
import { limitsOf } from './limits.ts';
import { createRouter, type RouterOptions } from './route.ts';
import { type Route, routes, type TryOptions, type Via } from './routes.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
beforeEach(() => {
  exporter.reset();
  now = 1_000_000;
  timers.length = 0;
  events.length = 0;
});

let now = 0;
const timers: { at: number; fn: () => void }[] = [];
const events: RouterEvent[] = [];
const pass = (ms: number): void => {
  now += ms;
  for (const timer of timers.splice(0)) {
    if (timer.at <= now) timer.fn();
    else timers.push(timer);
  }
};
const options: RouterOptions<never> = {
  clock: () => now,
  sleep: async (ms) => pass(ms),
  timer: (ms, fn) => {
    const timer = { at: now + ms, fn };
    timers.push(timer);
    return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
  },
  random: () => 0.5,
  onEvent: (event) => void events.push(event),
};

const status = (code: number, headers: Record<string, string> = {}): Error =>
  Object.assign(new Error('SECRET'), { status: code, headers: new Headers(headers) });
const usage = (input: number, output: number) => ({
  inputTokens: input,
  outputTokens: output,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  cacheWrite1hTokens: null,
  reasoningTokens: null,
});
const reply = (text: string, more: Partial<ChatReply> = {}): ChatReply =>
  new ChatReply({
    text,
    finishReason: 'stop',
    isRefusal: false,
    model: 'm',
    usage: usage(10, 2) as never,
    raw: undefined,
    ...more,
  });

const after = <T>(ms: number, what: T): T => {
  pass(ms);
  return what;
};
const calls = (): ReadableSpan[] => exporter.getFinishedSpans().filter(({ name }) => name.startsWith('route '));
const attemptsOf = (call: ReadableSpan): ReadableSpan[] =>
  exporter
    .getFinishedSpans()
    .filter(({ attributes }) => attributes['routescope.call.id'] === call.spanContext().spanId)
    .sort(
      (a, b) => Number(a.attributes['routescope.attempt.number']) - Number(b.attributes['routescope.attempt.number']),
    );
const told = (span: ReadableSpan | undefined, ...names: string[]): unknown[] =>
  names.map((name) => span?.attributes[`routescope.${name}`]);

/** A provider whose requests go as `play` says at this time. */
const provider = (name: string, play: () => ChatReply | Error, asked: string[] = []) => ({
  provider: name,
  model: `${name}-model`,
  via: (async () => {
    asked.push(name);
    const what = play();
    if (what instanceof Error) throw what;
    return what;
  }) as Via,
});
const input: ChatInput = { messages: [{ role: 'user', content: 'question' }] };

describe('two providers', () => {
  const both = (play: (name: string) => ChatReply | Error, asked: string[] = []) =>
    createRouter(
      routes({
        job: {
          why: 'w',
          caughtBy: 'nothing',
          tiers: [
            { name: 'small', ...provider('alpha', () => play('alpha'), asked) },
            { name: 'top', ...provider('beta', () => play('beta'), asked) },
          ],
        },
      }),
      options,
    );

  test('at 429 and back: circuit events, never more attempts than declared, one error that names all', async () => {
    let isDown = true;
    const asked: string[] = [];
    const router = both(() => (isDown ? status(429, { 'retry-after': '1' }) : reply('good')), asked);
    const errors: RouteError[] = [];
    for (let index = 0; index < 4; index++) {
      const before = asked.length;
      const error = await router.route('job', input).catch((thrown: unknown) => thrown as RouteError);
      expect(error).toBeInstanceOf(RouteError);
      errors.push(error as RouteError);
      expect(asked.length - before).toBeLessThanOrEqual(4);
      pass(500);
    }
    expect(errors[0]?.message).toBe(
      'no answer for "job": 1. small (alpha-model) failed: Error 429; 2. small (alpha-model) failed: Error 429; ' +
        '3. top (beta-model) failed: Error 429; 4. top (beta-model) failed: Error 429',
    );
    expect(errors[0]?.attempts.map(({ cause }) => cause)).toEqual(Array(4).fill('rate_limited'));
    // Both circuits are open by now: nobody is asked, and the error says why.
    expect(errors[3]).toMatchObject({
      message:
        'no answer for "job": small (alpha-model) not asked: the circuit of alpha is open; top (beta-model) not asked: the circuit of beta is open',
      attempts: [],
      code: 'circuit_open',
    });
    expect(told(calls().at(-1), 'outcome', 'attempt.count', 'divert.count', 'divert.cause')).toEqual([
      'failed',
      0,
      2,
      'circuit_open',
    ]);
    isDown = false;
    pass(30_000);
    expect((await router.route('job', input)).call.tier).toBe('small');
    await router.route('job', input, { tier: 'top' });
    expect(events.filter(({ kind }) => kind === 'breaker').map(({ name, state }) => `${name} ${state}`)).toEqual([
      'alpha open',
      'beta open',
      'alpha half_open',
      'alpha closed',
      'beta half_open',
      'beta closed',
    ]);
    expect(events.find(({ state }) => state === 'open')?.text).toMatch(
      /^the circuit of alpha is open: \d of the last \d requests failed$/,
    );
  });

  test('one of them down: calls go round it without an attempt, told from those that failed', async () => {
    const router = both((name) => (name === 'alpha' ? status(503) : reply('good')));
    for (let index = 0; index < 5; index++) expect((await router.route('job', input)).call.tier).toBe('top');
    const rows = calls().map((call) => told(call, 'attempt.count', 'failover.count', 'divert.count', 'route.reason'));
    expect(rows).toEqual([
      [3, 1, 0, 'default'],
      [3, 1, 0, 'default'],
      [2, 1, 0, 'default'], // the fifth failure opens the circuit: no retry of its own
      [1, 0, 1, 'circuit_open'],
      [1, 0, 1, 'circuit_open'],
    ]);
    expect(router.stats().diverted).toBe(2);
    expect(told(calls().at(-1), 'escalated', 'first.tier.name', 'checked')).toEqual([false, 'top', false]);
  });

  test('a limit that is near is gone round before a 429', async () => {
    const asked: string[] = [];
    const router = createRouter(
      routes({
        job: {
          why: 'w',
          caughtBy: 'nothing',
          tiers: [
            {
              name: 'small',
              ...provider(
                'alpha',
                () =>
                  status(500, {
                    'x-ratelimit-limit-requests': '100',
                    'x-ratelimit-remaining-requests': '1',
                    'x-ratelimit-reset-requests': '60s',
                  }),
                asked,
              ),
            },
            { name: 'top', ...provider('beta', () => reply('good'), asked) },
          ],
          retries: 0,
        },
      }),
      options,
    );
    await router.route('job', input);
    await router.route('job', input);
    expect(asked).toEqual(['alpha', 'beta', 'beta']);
    expect(told(calls().at(-1), 'route.reason', 'divert.cause')).toEqual(['rate_limit', 'rate_limit']);
  });

  test('who was passed over for a limit that was near is asked after all when the other fails', async () => {
    const asked: string[] = [];
    const health = new Health({ clock: () => now });
    health.blocks('alpha', 60_000);
    const router = createRouter(
      routes({
        job: {
          why: 'w',
          caughtBy: 'nothing',
          tiers: [
            { name: 'small', ...provider('alpha', () => reply('late but good'), asked) },
            { name: 'top', ...provider('beta', () => status(400), asked) },
          ],
        },
      }),
      { ...options, health },
    );
    expect((await router.route('job', input)).answer).toBe('late but good');
    expect(asked).toEqual(['beta', 'alpha']);
    const [call] = calls() as [ReadableSpan];
    expect(attemptsOf(call).map((span) => told(span, 'tier.name', 'attempt.reason'))).toEqual([
      ['top', 'first'],
      ['small', 'failover'],
    ]);
  });
});

describe('equivalent deployments', () => {
  test('share the calls by weight, and stand in for each other before the next tier is asked', async () => {
    const asked: string[] = [];
    let draw = 0;
    let isEastDown = false;
    const deployment = (name: string, weight: number) => ({
      ...provider(name, () => (isEastDown && name === 'east' ? status(500) : reply('good')), asked),
      weight,
    });
    const table = routes({
      job: {
        why: 'w',
        caughtBy: 'nothing',
        tiers: [
          { name: 'small', deployments: [deployment('east', 1), deployment('west', 3)] },
          { name: 'top', ...provider('beta', () => reply('good'), asked) },
        ],
      },
    });
    const router = createRouter(table, {
      ...options,
      random: () => {
        draw += 0.1;
        return draw % 1;
      },
    });
    for (let index = 0; index < 40; index++) await router.route('job', input);
    expect(asked.filter((name) => name === 'east').length / 40).toBeCloseTo(0.25, 1);
    isEastDown = true;
    asked.length = 0;
    exporter.reset();
    draw = 0;
    await router.route('job', input);
    expect(asked).toEqual(['east', 'east', 'west']);
    expect(
      attemptsOf(calls()[0] as ReadableSpan).map((span) =>
        told(span, 'tier.name', 'deployment.name', 'attempt.reason'),
      ),
    ).toEqual([
      ['small', 'east', 'first'],
      ['small', 'east', 'retry'],
      ['small', 'west', 'failover'],
    ]);
    expect(told(calls()[0], 'escalated')).toEqual([false]);
    expect(declaredAttempts(table.routes.job)).toBe(6);
  });
});

test('a rejected answer is asked for again at a higher temperature, never above the cap, then by the next tier', async () => {
  const tries: TryOptions[] = [];
  const via: Via = async (_, how) => {
    tries.push(how);
    return reply(tries.length === 3 ? 'good' : 'bad');
  };
  const tier = (name: string) => ({ name, model: name, via, temperature: 0, tempCap: 0.6, maxTokens: 50 });
  const table = routes({
    job: {
      why: 'w',
      caughtBy: 'rerun',
      tiers: [tier('small'), tier('top')],
      validate: /good/,
      rerun: { temperature: 0.5 },
    },
  });
  await createRouter(table, options).route('job', { ...input, temperature: 2, maxTokens: 500 });
  expect(tries.map(({ model, temperature, maxTokens }) => [model, temperature, maxTokens])).toEqual([
    ['small', 0.6, 50],
    ['small', 0.5, 50],
    ['top', 0.6, 50],
  ]);
  expect(told(calls()[0], 'rerun.count', 'fallback.count', 'fallback.cause')).toEqual([1, 1, 'validation_failed']);
  expect(() => routes({ job: { ...table.routes.job, rerun: { temperature: 0.9 } } })).toThrow(
    'above the tempCap 0.6 of tier 0',
  );
});

test('a classifier is a call of its own below the call it decides; a bad answer is MODERATE', async () => {
  const says = ['{"tier":"COMPLEX"}', 'hmm', '{"tier":"SIMPLE"}'];
  const tier = (name: string) => ({ name, ...provider(name, () => reply(name)) });
  const table = routes({
    classify: {
      why: 'cheap',
      caughtBy: 'next-step-validates',
      tiers: [
        {
          name: 'nano',
          ...provider('nano', () => after(70, reply(says.shift() ?? ''))),
          maxTokens: 50,
          temperature: 0,
        },
      ],
    },
    ask: {
      why: 'mixed',
      caughtBy: 'nothing',
      tiers: [tier('small'), tier('mid'), tier('top')],
      policy: { kind: 'classifier', tag: 'classify' },
    },
  });
  const router = createRouter(table, options);
  expect((await router.route('ask', input)).answer).toBe('top');
  expect((await router.route('ask', input)).answer).toBe('mid');
  expect((await router.route('ask', input)).answer).toBe('small');
  expect(router.stats().unclear).toBe(1);
  const [classified, asked] = calls();
  expect([classified?.name, asked?.name]).toEqual(['route classify', 'route ask']);
  expect(classified?.parentSpanContext?.spanId).toBe(asked?.spanContext().spanId);
  expect(told(asked, 'route.policy', 'route.reason', 'decision.duration', 'attempt.count', 'first.tier.name')).toEqual([
    'classifier',
    'complex',
    0.07,
    1,
    'top',
  ]);
  expect(attemptsOf(asked as ReadableSpan).map((span) => told(span, 'route.policy', 'tag'))).toEqual([
    ['classifier', 'ask'],
  ]);
});

test('a cascade goes on while the answer is unsure, by its log probabilities where there are any; the top is taken as it is', async () => {
  const long = `${Array(25).fill('word').join(' ')}.`;
  const run = async (...answers: ChatReply[]) => {
    exporter.reset();
    const tier = (name: string) => ({ name, ...provider(name, () => answers.shift() ?? reply('')) });
    const table = routes({
      job: { why: 'w', caughtBy: 'nothing', tiers: [tier('small'), tier('top')], policy: { kind: 'cascade' } },
    });
    const { call } = await createRouter(table, options).route('job', input);
    return [call.tier, ...told(calls()[0], 'validation.result', 'validation.score', 'fallback.cause', 'checked')];
  };
  expect(await run(reply(long))).toEqual(['small', 'pass', 0.9, undefined, true]);
  expect(await run(reply("I'm not sure"), reply(long))).toEqual(['top', 'pass', 0.9, 'low_confidence', true]);
  expect(await run(reply("I'm not sure"), reply("I don't know"))).toEqual(['top', 'fail', 0.5, 'low_confidence', true]);
  expect(await run(reply(long, { logprobs: [Math.log(0.5)] }), reply('x', { logprobs: [0] }))).toEqual([
    'top',
    'pass',
    1,
    'low_confidence',
    true,
  ]);
});

test('a model as judge is a call of its own tag; its score meets the threshold or the quality bar', async () => {
  const scores = ['{"score": 0.9}', '{"score": 0.6}', 'no idea'];
  const table = routes({
    judge: {
      why: 'j',
      caughtBy: 'nothing',
      tiers: [{ name: 'judge', ...provider('judge', () => reply(scores.shift() ?? '')) }],
    },
    job: {
      why: 'w',
      caughtBy: 'human-sees-it',
      tiers: [
        { name: 'small', ...provider('alpha', () => reply('a')) },
        { name: 'top', ...provider('beta', () => reply('b')) },
      ],
      validate: { check: llmJudge({ tag: 'judge', rubric: 'true and short' }), version: 'j2' },
      qualityBar: 0.7,
    },
  });
  const router = createRouter(table, options);
  expect((await router.route('job', input)).answer).toBe('a');
  expect((await router.route('job', input)).answer).toBe('b'); // 0.6 is below the bar; then the judge breaks, and nothing is held against it
  expect(calls().map(({ name }) => name)).toEqual([
    'route judge',
    'route job',
    'route judge',
    'route judge',
    'route job',
  ]);
  expect(
    attemptsOf(calls()[4] as ReadableSpan).map((span) =>
      told(span, 'validation.result', 'validation.score', 'validation.reason', 'validation.version'),
    ),
  ).toEqual([
    ['fail', 0.6, 'below 0.7', 'j2'],
    ['error', undefined, 'NoScore', 'j2'],
  ]);
});

test('an attempt that takes too long is a timeout, also when its code does not listen', async () => {
  const table = routes({
    job: {
      why: 'w',
      caughtBy: 'nothing',
      tiers: [
        { name: 'small', model: 's', via: () => new Promise(() => setImmediate(() => pass(600))), timeoutMs: 500 },
        { name: 'top', ...provider('beta', () => reply('good')) },
      ],
    },
  });
  const { call } = await createRouter(table, options).route('job', input);
  expect(call.tier).toBe('top');
  expect(
    attemptsOf(calls()[0] as ReadableSpan).map((span) => told(span, 'attempt.reason', 'attempt.cause', 'outcome')),
  ).toEqual([
    ['first', undefined, 'failed'],
    ['retry', 'timeout', 'failed'],
    ['failover', 'timeout', 'accepted'],
  ]);
});

test('a call that has no time left ends with what it tried', async () => {
  const table = routes({
    job: {
      why: 'w',
      caughtBy: 'nothing',
      tiers: [
        { name: 'small', ...provider('a', () => after(700, status(500))) },
        { name: 'top', ...provider('b', () => reply('x')) },
      ],
      timeoutMs: 500,
    },
  });
  await expect(createRouter(table, options).route('job', input)).rejects.toThrow('1. small (a-model) failed');
  expect(told(calls()[0], 'attempt.count')).toEqual([1]);
});

describe('budgets', () => {
  const job = (budget: object) =>
    createRouter(
      routes({
        job: {
          why: 'w',
          caughtBy: 'nothing',
          tiers: [
            { name: 'small', ...provider('alpha', () => reply('a')) },
            { name: 'top', ...provider('beta', () => reply('b')) },
          ],
          policy: { kind: 'static', tier: 'top' },
        },
      }),
      { ...options, budgets: [{ name: 'b', per: ['tag', 'day'], usd: 0, ...budget } as never] },
    );

  test('hard: the cheapest tier, or nothing at all; soft: as before', async () => {
    expect((await job({ over: 'warn' }).route('job', input)).answer).toBe('b');
    expect((await job({ over: 'cheapest' }).route('job', input)).answer).toBe('a');
    expect(told(calls().at(-1), 'route.reason')).toEqual(['budget']);
    await expect(job({ over: 'refuse' }).route('job', input)).rejects.toThrow(BudgetError);
    expect(told(calls().at(-1), 'outcome', 'attempt.count')).toEqual(['failed', 0]);
    expect(calls().at(-1)?.attributes['error.type']).toBe('budget_exceeded');
    expect((await job({ over: 'refuse', tags: ['other'] }).route('job', input)).answer).toBe('b');
    expect(() => job({ over: 'panic', usd: -1 })).toThrow('usd is -1');
  });
});

test('an experiment: the arm by the user, on every span; nobody’s id leaves', async () => {
  const table = (version: string, name: string) =>
    routes(
      { job: { why: 'w', caughtBy: 'nothing', tiers: [{ name, ...provider(name, () => reply(name)) }] } },
      { version },
    );
  const [control, treatment] = [table('v1', 'top'), table('v2', 'small')];
  const router = createRouter(control, {
    ...(options as object),
    experiment: {
      name: 'cheaper',
      arms: [
        { name: 'control', share: 1 },
        { name: 'treatment', share: 1, table: treatment },
      ],
    },
  });
  const seen = new Map<string, string>();
  for (let user = 0; user < 60; user++)
    seen.set(`user-${user}`, (await router.route('job', input, { userId: `user-${user}` })).answer);
  for (const [userId, answer] of seen) expect((await router.route('job', input, { userId })).answer).toBe(answer);
  expect(new Set(seen.values())).toEqual(new Set(['top', 'small']));
  for (const span of exporter.getFinishedSpans()) {
    const arm = span.attributes['routescope.route.version'] === 'v2' ? 'treatment' : 'control';
    expect(told(span, 'experiment.name', 'experiment.arm')).toEqual(['cheaper', arm]);
    expect(JSON.stringify(span.attributes)).not.toContain('user-');
  }
  exporter.reset();
  await router.route('job', input);
  expect(told(calls()[0], 'experiment.name')).toEqual([undefined]);
});

describe('whatever providers and checks do', () => {
  const outcome = fc.constantFrom('good', 'bad', '429', '500', '400', 'refusal');
  const shape = fc.record({
    tiers: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    retries: fc.integer({ min: 0, max: 2 }),
    times: fc.integer({ min: 0, max: 2 }),
    maxAttempts: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    script: fc.array(outcome, { maxLength: 40 }),
    calls: fc.integer({ min: 1, max: 3 }),
  });

  test('a call ends, with no more attempts than declared, never above a cap', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async ({ tiers, retries, times, maxAttempts, script, calls: count }) => {
        let step = 0;
        let isAbove = false;
        const via: Via = async (_, how) => {
          isAbove ||= (how.temperature ?? 0) > 0.5 || (how.maxTokens ?? 0) > 20;
          const what = script[step++] ?? 'bad';
          if (/^\d/.test(what)) throw status(Number(what));
          return reply(what, { isRefusal: what === 'refusal' });
        };
        const route: Route = {
          why: 'w',
          caughtBy: 'rerun',
          tiers: tiers.map((deployments, rank) => ({
            name: `t${rank}`,
            maxTokens: 20,
            tempCap: 0.5,
            deployments: Array.from({ length: deployments }, (_, index) => ({
              model: 'm',
              via,
              provider: `p${rank}${index}`,
            })),
          })),
          retries,
          rerun: { times, temperature: 0.5 },
          validate: /good/,
          ...(maxAttempts !== undefined && { maxAttempts }),
        };
        const router = createRouter(routes({ job: route }), options);
        for (let index = 0; index < count; index++) {
          const before = step;
          const error = await router
            .route('job', { ...input, temperature: 2, maxTokens: 99 })
            .catch((thrown: unknown) => thrown);
          const tries = step - before;
          if (tries > declaredAttempts(route) || isAbove) return false;
          if (error instanceof RouteError && error.attempts.length !== tries) return false;
        }
        return true;
      }),
      { numRuns: 200 },
    );
  });

  test('limits are never above the tier’s', () => {
    const maybe = (max: number) => fc.option(fc.double({ min: 0, max, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(maybe(2), maybe(2), maybe(2), maybe(2), (wish, own, cap, again) => {
        const tier = {
          name: 't',
          model: 'm',
          via: () => '',
          ...(own !== undefined && { temperature: own }),
          ...(cap !== undefined && { tempCap: cap }),
        };
        const { temperature } = limitsOf(
          tier,
          { temperature: wish },
          again === undefined ? undefined : { temperature: again },
        );
        return cap === undefined || (temperature !== undefined && temperature <= cap);
      }),
    );
  });
});
