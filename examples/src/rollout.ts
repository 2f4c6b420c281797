/**
 * A route table as a product decision: every call has a tag, every tag a documented choice, and the deciding question is
 * what catches a wrong answer. `before` sends all of it to the frontier model; `after` is what the rollout changed.
 */
import { anthropicMessages, type RouteTable, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export const models = {
  small: 'claude-3-5-haiku-20241022',
  mid: 'claude-sonnet-4-20250514',
  frontier: 'claude-opus-4-20250514',
} as const;

/** The steps of a session, in order. */
export const steps = [
  'classify-intent',
  'rewrite-query',
  'rerank-candidates',
  'rerank-candidates',
  'synthesize-answer',
  'critique-draft',
  'suggest-next-step',
] as const;

export function rolloutTables({ anthropic }: Pick<Clients, 'anthropic'>) {
  const via = anthropicMessages(anthropic);
  const tier = (name: keyof typeof models, maxTokens: number, tempCap: number) => ({
    name,
    model: models[name],
    via,
    maxTokens,
    tempCap,
  });
  const job = (
    why: string,
    caughtBy: 'next-step-validates' | 'regex' | 'human-sees-it',
    first: keyof typeof models,
    maxTokens: number,
    tempCap: number,
  ) => ({
    why,
    caughtBy,
    baseline: models.frontier,
    tiers:
      first === 'frontier'
        ? [tier('frontier', maxTokens, tempCap)]
        : [tier(first, maxTokens, tempCap), tier('frontier', maxTokens, tempCap)],
  });
  const after = {
    'classify-intent': job('A few labels; the next step checks the label.', 'next-step-validates', 'small', 64, 0),
    'rewrite-query': job(
      'A bad rewrite finds nothing, and the retriever says so.',
      'next-step-validates',
      'small',
      128,
      0.2,
    ),
    'rerank-candidates': job('A list of numbers; its shape is checked.', 'regex', 'small', 256, 0),
    'synthesize-answer': job('People read it; nothing else catches a mistake.', 'human-sees-it', 'frontier', 1500, 0.4),
    'critique-draft': job(
      'A second opinion; a weak one costs a loop, not a user.',
      'next-step-validates',
      'mid',
      600,
      0.2,
    ),
    'suggest-next-step': job('A suggestion; a poor one costs a click.', 'human-sees-it', 'small', 200, 0.4),
    'extract-structured': job('A schema sees whether it is right.', 'regex', 'small', 400, 0),
  } as const;
  const before = Object.fromEntries(
    Object.entries(after).map(([tag, route]) => [tag, { ...route, tiers: route.tiers.slice(-1) }]),
  ) as unknown as typeof after;
  return { before: routes(before, { version: 'before' }), after: routes(after, { version: 'after' }) } satisfies Record<
    string,
    RouteTable
  >;
}
