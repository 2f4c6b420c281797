/**
 * A small model says how hard the request is. It is a route like any other, with a tag, a validator and a cost of its
 * own, so what it takes is known and comes off the savings.
 */
import { anthropicMessages, createRouter, openaiChat, type RouterOptions, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export function mlClassifierRouter({ openai, anthropic }: Clients, options: RouterOptions<never> = {}) {
  const gpt = openaiChat(openai);
  const table = routes({
    'classify-complexity': {
      why: 'Three words; anything else is taken as MODERATE.',
      caughtBy: 'next-step-validates',
      tiers: [{ name: 'small', model: 'gpt-4o-mini', via: gpt, maxTokens: 50, temperature: 0 }],
    },
    ask: {
      why: 'Questions of every kind, where rules misjudge more than 15 % of them.',
      caughtBy: 'human-sees-it',
      tiers: [
        { name: 'simple', model: 'gpt-4o-mini', via: gpt },
        { name: 'moderate', model: 'gpt-4o', via: gpt },
        { name: 'complex', model: 'claude-opus-4-20250514', via: anthropicMessages(anthropic) },
      ],
      policy: { kind: 'classifier', tag: 'classify-complexity' },
      baseline: 'claude-opus-4-20250514',
    },
  });
  return createRouter(table, options);
}
