/** Usage as attributes: the GenAI conventions' where they have one. What was not said is absent. */
import type { Attributes } from '@opentelemetry/api';
import type { Served, Usage } from '@routescope/conventions';

/** Says the usage. Of the parts that nearly every answer says are none, only those that are some are worth an attribute. */
export function sayUsage(
  said: Attributes,
  usage: Usage,
  served: Served | undefined,
  provider: 'openai' | 'anthropic',
): void {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage;
  if (inputTokens !== null) said['gen_ai.usage.input_tokens'] = inputTokens;
  if (outputTokens !== null) said['gen_ai.usage.output_tokens'] = outputTokens;
  if (cacheReadTokens !== null) said['gen_ai.usage.cache_read.input_tokens'] = cacheReadTokens;
  if (cacheWriteTokens !== null) said['gen_ai.usage.cache_write.input_tokens'] = cacheWriteTokens;
  if (reasoningTokens !== null) said['gen_ai.usage.reasoning.output_tokens'] = reasoningTokens;
  const { cacheWrite1hTokens, cacheWrite12hTokens } = usage;
  if (cacheWrite1hTokens) said['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'] = cacheWrite1hTokens;
  if (cacheWrite12hTokens) said['openai.usage.cache_write.ttl_12h_input_tokens'] = cacheWrite12hTokens;
  const { textInputTokens, audioInputTokens, imageInputTokens } = usage;
  if (textInputTokens !== undefined) said['gen_ai.usage.text.input_tokens'] = textInputTokens;
  if (audioInputTokens) said['gen_ai.usage.audio.input_tokens'] = audioInputTokens;
  if (imageInputTokens) said['gen_ai.usage.image.input_tokens'] = imageInputTokens;
  const { textOutputTokens, audioOutputTokens, imageOutputTokens } = usage;
  if (textOutputTokens !== undefined) said['gen_ai.usage.text.output_tokens'] = textOutputTokens;
  if (audioOutputTokens) said['gen_ai.usage.audio.output_tokens'] = audioOutputTokens;
  if (imageOutputTokens) said['gen_ai.usage.image.output_tokens'] = imageOutputTokens;
  const { acceptedPredictionTokens, rejectedPredictionTokens } = usage;
  if (acceptedPredictionTokens) said['routescope.usage.accepted_prediction_tokens'] = acceptedPredictionTokens;
  if (rejectedPredictionTokens) said['routescope.usage.rejected_prediction_tokens'] = rejectedPredictionTokens;
  const { audioSeconds, webSearches, webFetches, fileSearches } = usage;
  if (audioSeconds !== undefined) said['routescope.usage.audio_seconds'] = audioSeconds;
  if (webSearches) said['routescope.usage.web_searches'] = webSearches;
  if (webFetches) said['routescope.usage.web_fetches'] = webFetches;
  if (fileSearches) said['routescope.usage.file_searches'] = fileSearches;
  if (served === undefined) return;
  const { tier, nested } = served;
  if (tier === 'fast' && provider === 'anthropic') said['routescope.service.tier'] = tier;
  else if (tier !== undefined && provider === 'openai') said['openai.response.service_tier'] = tier;
  else if (tier !== undefined) said['anthropic.response.service_tier'] = tier;
  if (nested && nested.length > 0) {
    said['routescope.nested.input_tokens'] = nested.reduce((sum, each) => sum + (each.usage.inputTokens ?? 0), 0);
    said['routescope.nested.output_tokens'] = nested.reduce((sum, each) => sum + (each.usage.outputTokens ?? 0), 0);
  }
}
