/**
 * `router`: what a decision takes, and what `route()` adds to the observed call it makes. Answers come from memory and
 * spans are let go, so that the router is all there is between the two sides; they take turns within a run.
 */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe } from '@routescope/sdk';
import { choose, complexityRules, createRouter, routes, Signals } from '@routescope/sdk/router';
import OpenAI from 'openai';
import { loadFixtures, ownFixtures } from '../provider/fixtures.ts';
import { type Figure, figure } from './figure.ts';

const runs = 7;
const decisions = 20_000;
const turns = 20;
const callsPerTurn = 200;

/** A question as people ask it, a paragraph, and a page with code in it. */
const texts = [
  'What is the capital of France?',
  `${'The cache has to forget what is old. '.repeat(20)}Explain how.`,
  `${'Here is what we have so far. '.repeat(100)}\n\`\`\`\nfunction f() {}\n\`\`\``,
];

export async function router(): Promise<Figure[]> {
  const processor: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  context.with(context.active(), () => {});
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));

  const decide: number[] = [];
  for (let run = -1; run < runs; run++) {
    const median = medianDecisionUs();
    if (run >= 0) decide.push(median);
  }
  const { overheads, shares } = await routeOverheads();
  return [
    figure('decide_us_median', 'us', decide, 'below 20, rules and static together', (value) => value < 20),
    figure(
      'route_overhead_us',
      'us',
      overheads,
      'at most 100 of CPU over the bare observed call',
      (value) => value <= 100,
    ),
    figure('route_overhead_share', '1', shares, 'of the observed call’s own CPU; told, not judged', () => true),
  ];
}

/** Each decision by itself, static and rules in turn, the signals included; in wall microseconds. */
function medianDecisionUs(): number {
  const tiers = [{ name: 'small' }, { name: 'mid' }, { name: 'large' }];
  const rules = {
    kind: 'rules' as const,
    rules: complexityRules({ SIMPLE: 'small', MODERATE: 'mid', COMPLEX: 'large' }),
  };
  const inputs = texts.map((content) => ({ messages: [{ role: 'user' as const, content }] }));
  const took: number[] = [];
  for (let index = 0; index < decisions; index++) {
    const input = inputs[index % inputs.length];
    const began = process.hrtime.bigint();
    const choice = choose(index % 2 === 0 ? undefined : rules, tiers, new Signals('ask', input));
    took.push(Number(process.hrtime.bigint() - began) / 1_000);
    if (!('rank' in choice)) throw new Error('nothing was decided');
  }
  return took.sort((a, b) => a - b)[decisions / 2] as number;
}

async function routeOverheads(): Promise<{ overheads: number[]; shares: number[] }> {
  const { fixtures } = loadFixtures(ownFixtures);
  const whole = fixtures.find(({ name }) => name === 'providers/openai/chat/openai-text.json');
  if (!whole) throw new Error('there is no recorded answer');
  const answer = JSON.stringify(whole.payloads[0]);
  const json = { headers: { 'content-type': 'application/json' } };
  const client = observe(
    new OpenAI({ apiKey: 'none-needed', maxRetries: 0, fetch: async () => new Response(answer, json) }),
  );
  const messages = [{ role: 'user' as const, content: 'Name one.' }];
  const table = routes({
    ask: {
      why: 'measured',
      caughtBy: 'regex',
      tiers: [{ name: 'small', model: whole.model, via: () => undefined, maxTokens: 64 }],
      validate: /./,
      baseline: 'gpt-4o',
    },
  });
  const routed = createRouter(table);
  const request = (model: string, max_tokens: number | undefined) =>
    client.chat.completions.create({ model, messages, ...(max_tokens !== undefined && { max_tokens }) });
  const bare = async (): Promise<void> => {
    for (let i = 0; i < callsPerTurn; i++) await request(whole.model, 64);
  };
  const route = async (): Promise<void> => {
    for (let i = 0; i < callsPerTurn; i++)
      await routed.route('ask', ({ model, maxTokens }) => request(model, maxTokens));
  };
  const overheads: number[] = [];
  const shares: number[] = [];
  for (let run = -1; run < runs; run++) {
    const more: number[] = [];
    const base: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      // Each goes first every other time: garbage of one is often collected in the turn of the next.
      const isBareFirst = turn % 2 === 0;
      const first = await cpuUs(isBareFirst ? bare : route);
      const second = await cpuUs(isBareFirst ? route : bare);
      const [of, routedUs] = isBareFirst ? [first, second] : [second, first];
      base.push(of / callsPerTurn);
      more.push((routedUs - of) / callsPerTurn);
    }
    if (run < 0) continue; // warm-up
    const middle = (values: number[]): number => values.sort((a, b) => a - b)[turns / 2] as number;
    const overhead = middle(more);
    overheads.push(overhead);
    shares.push(overhead / middle(base));
  }
  return { overheads, shares };
}

async function cpuUs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
