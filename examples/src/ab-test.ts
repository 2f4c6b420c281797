/** A change of routes on half of the users: the same user is always on the same side. */
import { createRouter, openaiChat, type RouterOptions, routes } from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export function abTestRouter({ openai }: Pick<Clients, 'openai'>, options: RouterOptions<never> = {}) {
  const via = openaiChat(openai);
  const table = (model: string) =>
    routes({
      summarize: {
        why: 'Is the small model good enough?',
        caughtBy: 'human-sees-it',
        tiers: [{ name: 'only', model, via }],
        baseline: 'gpt-4o',
      },
    });
  const control = table('gpt-4o');
  return createRouter(control, {
    ...options,
    experiment: {
      name: 'small-summaries',
      arms: [
        { name: 'control', share: 50, table: control },
        { name: 'treatment', share: 50, table: table('gpt-4o-mini') },
      ],
    },
  } as RouterOptions<typeof control.routes>);
}
