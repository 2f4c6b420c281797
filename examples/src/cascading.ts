/** The cheapest model first; on to the next while the answer is not sure of itself, at least 0.7. */
import { anthropicMessages, createRouter, openaiChat, type RouterOptions, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export function cascadingRouter({ openai, anthropic }: Clients, options: RouterOptions<never> = {}) {
  const table = routes({
    ask: {
      why: 'Quality counts more than waiting: an unsure answer is asked for again, one tier up.',
      caughtBy: 'rerun',
      rerun: { times: 0 },
      tiers: [
        { name: 'small', model: 'gpt-4o-mini', via: openaiChat(openai) },
        { name: 'mid', model: 'gpt-4o', via: openaiChat(openai) },
        { name: 'frontier', model: 'claude-opus-4-20250514', via: anthropicMessages(anthropic) },
      ],
      policy: { kind: 'cascade', threshold: 0.7 },
      baseline: 'claude-opus-4-20250514',
    },
  });
  return createRouter(table, options);
}
