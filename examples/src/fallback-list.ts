/** A list of models of several providers, tried in order; a provider that keeps failing is left out until it is back. */
import { anthropicMessages, createRouter, openaiChat, type RouterOptions, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export function fallbackListRouter({ openai, anthropic }: Clients, options: RouterOptions<never> = {}) {
  const table = routes({
    'sort-ticket': {
      why: 'Sorting tickets must go on when a provider is down.',
      caughtBy: 'next-step-validates',
      retries: 0,
      tiers: [
        { name: 'first', model: 'gpt-3.5-turbo', via: openaiChat(openai), timeoutMs: 10_000 },
        { name: 'second', model: 'claude-3-5-haiku-20241022', via: anthropicMessages(anthropic), timeoutMs: 10_000 },
      ],
    },
  });
  return createRouter(table, options);
}
