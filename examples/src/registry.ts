/**
 * A registry of models by what a request asks of them, with equivalent deployments at the cheapest tier; complexity is
 * told by its look, without asking anybody. A failure is retried once, then the next tier is asked.
 */
import {
  anthropicMessages,
  complexityRules,
  createRouter,
  openaiChat,
  type RouterOptions,
  routes,
} from '@routescope/sdk/router';
import type { Clients } from './clients.ts';

export const registry = {
  simple: [
    {
      model: 'gpt-4o-mini',
      provider: 'openai',
      maxTokens: 16_384,
      latencyMs: 300,
      usdPer1kInput: 0.00015,
      usdPer1kOutput: 0.0006,
    },
    {
      model: 'claude-3-5-haiku-20241022',
      provider: 'anthropic',
      maxTokens: 8_192,
      latencyMs: 400,
      usdPer1kInput: 0.0008,
      usdPer1kOutput: 0.004,
    },
  ],
  moderate: [
    {
      model: 'gpt-4o',
      provider: 'openai',
      maxTokens: 16_384,
      latencyMs: 800,
      usdPer1kInput: 0.0025,
      usdPer1kOutput: 0.01,
    },
  ],
  complex: [
    {
      model: 'claude-opus-4-20250514',
      provider: 'anthropic',
      maxTokens: 4_096,
      latencyMs: 2_000,
      usdPer1kInput: 0.015,
      usdPer1kOutput: 0.075,
    },
  ],
} as const;

export function registryRouter({ openai, anthropic }: Clients, options: RouterOptions<never> = {}) {
  const vias = { openai: openaiChat(openai), anthropic: anthropicMessages(anthropic) };
  const tiers = Object.entries(registry).map(([name, entries]) => ({
    name,
    maxTokens: Math.min(...entries.map(({ maxTokens }) => maxTokens)),
    // The first of them takes the calls; the others stand in for it.
    deployments: entries.map(({ model, provider }, index) => ({
      name: provider,
      model,
      via: vias[provider],
      weight: index === 0 ? 1 : 1e-9,
    })),
  }));
  const table = routes({
    ask: {
      why: 'Any question; most are simple, and their look tells which.',
      caughtBy: 'human-sees-it',
      tiers,
      policy: {
        kind: 'rules',
        rules: complexityRules({ SIMPLE: 'simple', MODERATE: 'moderate', COMPLEX: 'complex' }),
      },
      baseline: 'claude-opus-4-20250514',
    },
  });
  return createRouter(table, options);
}
