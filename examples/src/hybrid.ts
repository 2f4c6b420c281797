/** Static where a feature's work is always alike, dynamic where it differs from request to request. */
import { complexityRules, createRouter, openaiChat, type RouterOptions, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export function hybridRouter({ openai }: Pick<Clients, 'openai'>, options: RouterOptions<never> = {}) {
  const via = openaiChat(openai);
  const table = routes({
    ask: {
      why: 'Classification is always easy and code review always hard; chat is both.',
      caughtBy: 'human-sees-it',
      tiers: [
        { name: 'small', model: 'gpt-4o-mini', via },
        { name: 'large', model: 'gpt-4o', via },
      ],
      policy: {
        kind: 'hybrid',
        features: { classification: 'small', code_review: 'large' },
        otherwise: { kind: 'rules', rules: complexityRules({ SIMPLE: 'small', MODERATE: 'large', COMPLEX: 'large' }) },
      },
      baseline: 'gpt-4o',
    },
  });
  return createRouter(table, options);
}
