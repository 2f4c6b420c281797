/** By the feature where it is known to be simple or complex, else by length. Costs nothing, decides in microseconds. */
import { createRouter, openaiChat, type RouterOptions, type Rule, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export const rules: readonly Rule[] = [
  {
    name: 'simple-feature',
    when: { feature: ['faq', 'status_check', 'classification', 'extraction'] },
    tier: 'simple',
  },
  {
    name: 'complex-feature',
    when: { feature: ['code_review', 'research_synthesis', 'creative_writing'] },
    tier: 'complex',
  },
  { name: 'short', when: { maxWords: 29 }, tier: 'simple' },
  { name: 'long', when: { minWords: 201 }, tier: 'complex' },
];

export function ruleBasedRouter({ openai }: Pick<Clients, 'openai'>, options: RouterOptions<never> = {}) {
  const via = openaiChat(openai);
  const table = routes({
    ask: {
      why: 'Features say how hard their questions are; length says the rest.',
      caughtBy: 'human-sees-it',
      tiers: [
        { name: 'simple', model: 'gpt-4o-mini', via },
        { name: 'moderate', model: 'gpt-4o', via },
        { name: 'complex', model: 'gpt-4o', via },
      ],
      policy: { kind: 'rules', rules, otherwise: 'moderate' },
      baseline: 'gpt-4o',
    },
  });
  return createRouter(table, options);
}
