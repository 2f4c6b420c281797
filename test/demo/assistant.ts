/**
 * The app of the demo: a research assistant of seven calls per session, six jobs. Its real clients talk to the replaying
 * provider; what that answers is scripted per call by `plan.ts`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import Anthropic from '@anthropic-ai/sdk';
import { observe } from '@routescope/sdk';
import { anthropicMessages, createRouter, openaiChat, type Router, routes } from '@routescope/sdk/router';
import OpenAI from 'openai';
import { z } from 'zod';
import { clock, pass } from './clock.ts';

/** The id under which the provider looks up what to play; set around each call. */
export const playing = new AsyncLocalStorage<string>();

/** How long models take in the simulation: the real network is a few hundred microseconds away. */
const latencyMs: Readonly<Record<string, number>> = {
  'gpt-4o-mini': 380,
  'gpt-4.1-nano': 260,
  'claude-3-5-haiku-20241022': 420,
  'claude-haiku-4-5-20251001': 700,
  'gpt-4o': 1_400,
  'claude-sonnet-4-20250514': 2_300,
};

/** The platform's fetch with the play's id, after which simulated time has passed. */
async function playedFetch(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers);
  headers.set('x-play', playing.getStore() ?? '');
  const model = typeof init?.body === 'string' ? (/"model":"([^"]*)"/.exec(init.body)?.[1] ?? '') : '';
  const response = await fetch(url, { ...init, headers });
  const base = latencyMs[model] ?? 900;
  // A tail, as models have one: deterministic in the id of the play.
  const spread =
    [...(playing.getStore() ?? '')].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) / 997;
  pass(base * (0.7 + 0.5 * spread + (spread > 0.94 ? 2.5 * (spread - 0.94) * 16 : 0)));
  return response;
}

export interface Clients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
}

export function observedClients(providerUrl: string): Clients {
  const common = { apiKey: 'none-needed', fetch: playedFetch, maxRetries: 0 };
  return {
    openai: observe(new OpenAI({ ...common, baseURL: `${providerUrl}/v1` }), { clock }),
    anthropic: observe(new Anthropic({ ...common, baseURL: providerUrl }), { clock }),
  };
}

const labels = ['question', 'comparison', 'chitchat', 'command', 'other'] as const;
const Ranking = z.array(z.number().int().min(0)).min(1);

export function researchRoutes({ openai, anthropic }: Clients) {
  const gpt = openaiChat(openai);
  const claude = anthropicMessages(anthropic);
  return routes({
    'classify-intent': {
      why: 'Five labels; the next step checks the label.',
      caughtBy: 'next-step-validates',
      tiers: [
        { name: 'small', model: 'claude-3-5-haiku-20241022', via: claude, maxTokens: 64, temperature: 0 },
        { name: 'frontier', model: 'gpt-4o', via: gpt, maxTokens: 64, temperature: 0 },
      ],
      validate: new RegExp(`^(${labels.join('|')})$`),
      baseline: 'gpt-4o',
    },
    'rewrite-query': {
      why: 'A bad rewrite finds nothing; the retriever notices.',
      caughtBy: 'regex',
      tiers: [
        { name: 'small', model: 'gpt-4o-mini', via: gpt, maxTokens: 128, temperature: 0.2 },
        { name: 'frontier', model: 'claude-sonnet-4-20250514', via: claude, maxTokens: 128, temperature: 0.2 },
      ],
      validate: /^query: \S/,
      baseline: 'claude-sonnet-4-20250514',
    },
    'rerank-candidates': {
      why: 'A list of numbers; a schema sees whether it is one.',
      caughtBy: 'next-step-validates',
      tiers: [
        { name: 'small', model: 'gpt-4o-mini', via: gpt, maxTokens: 256, temperature: 0 },
        { name: 'mid', model: 'claude-haiku-4-5-20251001', via: claude, maxTokens: 256, temperature: 0 },
        { name: 'frontier', model: 'gpt-4o', via: gpt, maxTokens: 256, temperature: 0 },
      ],
      validate: Ranking,
      baseline: 'gpt-4o',
    },
    'synthesize-answer': {
      why: 'The user reads it; nothing else catches a mistake.',
      caughtBy: 'human-sees-it',
      tiers: [
        { name: 'frontier', model: 'claude-sonnet-4-20250514', via: claude, maxTokens: 1500, temperature: 0.4 },
        { name: 'frontier-2', model: 'gpt-4o', via: gpt, maxTokens: 1500, temperature: 0.4 },
      ],
      baseline: 'claude-sonnet-4-20250514',
    },
    'critique-draft': {
      why: 'A second opinion; a weak one is found by its own score.',
      caughtBy: 'next-step-validates',
      tiers: [
        { name: 'mid', model: 'claude-haiku-4-5-20251001', via: claude, maxTokens: 600, temperature: 0.2 },
        { name: 'frontier', model: 'claude-sonnet-4-20250514', via: claude, maxTokens: 600, temperature: 0.2 },
      ],
      validate: function hasVerdict(text: string) {
        const passed = text.startsWith('verdict:');
        return {
          result: passed ? ('pass' as const) : ('fail' as const),
          score: passed ? 0.9 : 0.2,
          reason: passed ? 'has a verdict' : 'no verdict',
        };
      },
      baseline: 'claude-sonnet-4-20250514',
    },
    'next-step': {
      why: 'A suggestion; a poor one costs a click.',
      caughtBy: 'regex',
      tiers: [
        { name: 'small', model: 'gpt-4.1-nano', via: gpt, maxTokens: 100, temperature: 0.3 },
        { name: 'frontier', model: 'gpt-4o', via: gpt, maxTokens: 100, temperature: 0.3 },
      ],
      validate: /^next: /,
      baseline: 'gpt-4o',
    },
  });
}

type Table = ReturnType<typeof researchRoutes>['routes'];
export type Tag = keyof Table;
export type ResearchRouter = Router<Table>;

/** The steps of a session, in order. */
export const steps: readonly Tag[] = [
  'classify-intent',
  'rewrite-query',
  'rerank-candidates',
  'rerank-candidates',
  'synthesize-answer',
  'critique-draft',
  'next-step',
];

/** An answer that its job's validator takes, and one that it does not. */
export const answers: Readonly<Record<Tag, { readonly good: string; readonly bad: string }>> = {
  'classify-intent': { good: 'comparison', bad: 'The intent is a comparison.' },
  'rewrite-query': { good: 'query: otel span limits', bad: 'Sure! Here is a better query.' },
  'rerank-candidates': { good: '[2,0,1]', bad: '{"best":"the second one"}' },
  'synthesize-answer': { good: 'Both keep what they acknowledge; they differ in when.', bad: '' },
  'critique-draft': { good: 'verdict: sound, one claim lacks a source', bad: 'I like it.' },
  'next-step': { good: 'next: compare retention', bad: 'Anything else?' },
};

export const newRouter = (table: ReturnType<typeof researchRoutes>): ResearchRouter =>
  createRouter(table, {
    clock,
    sleep: async (ms) => pass(ms),
    random: () => 0.5,
  });
