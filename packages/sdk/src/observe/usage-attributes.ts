/** Usage as attributes: the GenAI conventions' where they have one. What was not said is absent. */
import type { Attributes } from '@opentelemetry/api';
import type { Served, Usage } from '@routescope/conventions';

/** The counts an answer may say, in the order of a glossary. */
const attributes = {
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_write.input_tokens',
  cacheWrite1hTokens: 'anthropic.usage.cache_creation.ephemeral_1h_input_tokens',
  cacheWrite12hTokens: 'openai.usage.cache_write.ttl_12h_input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  textInputTokens: 'gen_ai.usage.text.input_tokens',
  audioInputTokens: 'gen_ai.usage.audio.input_tokens',
  imageInputTokens: 'gen_ai.usage.image.input_tokens',
  textOutputTokens: 'gen_ai.usage.text.output_tokens',
  audioOutputTokens: 'gen_ai.usage.audio.output_tokens',
  imageOutputTokens: 'gen_ai.usage.image.output_tokens',
  acceptedPredictionTokens: 'routescope.usage.accepted_prediction_tokens',
  rejectedPredictionTokens: 'routescope.usage.rejected_prediction_tokens',
  audioSeconds: 'routescope.usage.audio_seconds',
  webSearches: 'routescope.usage.web_searches',
  webFetches: 'routescope.usage.web_fetches',
  fileSearches: 'routescope.usage.file_searches',
} as const satisfies Partial<Record<keyof Usage, string>>;

/** Parts that nearly every answer says are none: not worth an attribute on every span. */
const onlyIfAny = new Set<string>([
  'audioInputTokens',
  'imageInputTokens',
  'audioOutputTokens',
  'imageOutputTokens',
  'acceptedPredictionTokens',
  'rejectedPredictionTokens',
  'cacheWrite12hTokens',
  'cacheWrite1hTokens',
  'webSearches',
  'webFetches',
  'fileSearches',
]);

const counts = Object.entries(attributes).map(([name, attribute]) => ({
  name: name as keyof typeof attributes,
  attribute,
  isOnlyIfAny: onlyIfAny.has(name),
}));

export function usageAttributes(
  usage: Usage,
  served: Served | undefined,
  provider: 'openai' | 'anthropic',
): Attributes {
  const said: Attributes = {};
  for (let i = 0; i < counts.length; i++) {
    const { name, attribute, isOnlyIfAny } = counts[i] as (typeof counts)[number];
    const count = usage[name];
    if (count !== null && count !== undefined && (count > 0 || !isOnlyIfAny)) said[attribute] = count;
  }
  if (served === undefined) return said;
  const { tier, nested } = served;
  if (tier === 'fast' && provider === 'anthropic') said['routescope.service.tier'] = tier;
  else if (tier !== undefined) said[`${provider}.response.service_tier`] = tier;
  if (nested && nested.length > 0) {
    said['routescope.nested.input_tokens'] = nested.reduce((sum, each) => sum + (each.usage.inputTokens ?? 0), 0);
    said['routescope.nested.output_tokens'] = nested.reduce((sum, each) => sum + (each.usage.outputTokens ?? 0), 0);
  }
  return said;
}
