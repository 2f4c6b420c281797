/** The alerts: each one query that gives one number per instance. */
import type { Alert } from './definition.ts';

export const alerts: readonly Alert[] = [
  {
    id: 'fallback_spike',
    title: 'Fallback rate spike',
    question: "Did a tag's fallback rate rise above its own earlier rate, by more than chance and enough to matter?",
    keys: ['tag'],
    unit: 'share',
    above: 0.02,
    until: 0.01,
    forMinutes: 10,
    panel: 'fallback_rate',
    summary:
      'The fallback rate of {tag} rose by {value} of its checked calls, against its own rate of the days before.',
    advice:
      "The first choice's answers fail their check more often than they used to. Look at what changed: the model behind the name, the prompt, the check, or what users ask.",
  },
];
