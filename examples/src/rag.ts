/** Retrieval as a signal: a direct question whose chunks fit well is cheap to answer; weak chunks or synthesis are not. */
import { createRouter, openaiChat, type RouterOptions, type Rule, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export const rules: readonly Rule[] = [
  { name: 'synthesis', when: { keywords: ['compare', 'summarize', 'explain why', 'trade-off'] }, tier: 'large' },
  { name: 'direct-lookup', when: { minRetrievalScore: 0.8, maxWords: 30 }, tier: 'small' },
  { name: 'weak-retrieval', when: { maxRetrievalScore: 0.5 }, tier: 'large' },
];

export function ragRouter({ openai }: Pick<Clients, 'openai'>, options: RouterOptions<never> = {}) {
  const via = openaiChat(openai);
  const table = routes({
    'answer-from-docs': {
      why: 'The documents hold the answer, or the model has to find it.',
      caughtBy: 'human-sees-it',
      tiers: [
        { name: 'small', model: 'gpt-4o-mini', via },
        { name: 'large', model: 'gpt-4o', via },
      ],
      policy: { kind: 'rules', rules, otherwise: 'large' },
      baseline: 'gpt-4o',
    },
  });
  return createRouter(table, options);
}
