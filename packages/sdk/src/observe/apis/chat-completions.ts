/** OpenAI chat completions, and the many servers that speak them. */
import type { Attributes } from '@opentelemetry/api';
import { type Served, type Usage, unknownUsage } from '@routescope/conventions';
import { chatContent } from '../../content/chat.ts';
import {
  type AnswerFacts,
  type Api,
  asCount,
  asJson,
  asNumber,
  asText,
  asTokens,
  type Fold,
  type Json,
  say,
  withCache,
} from '../facts.ts';
import { saidCostOf } from './said-cost.ts';

export const chatCompletions: Api = {
  kind: 'openai',
  operation: 'chat',
  sayRequest(said, body) {
    sayParameters(said, body);
    say(said, 'openai.api.type', 'chat_completions');
  },
  answer(data): AnswerFacts {
    const usage = usageOf(data['usage'], asText(data['model']));
    const choices = Array.isArray(data['choices']) ? data['choices'].map(asJson) : [];
    return {
      id: asText(data['id']),
      model: asText(data['model']),
      finishReasons: choices.map((choice) => asText(choice['finish_reason']) ?? 'error'),
      usage: usage ?? unknownUsage,
      isUsageFinal: usage !== undefined,
      served: servedOf(asText(data['service_tier']), data['usage']),
    };
  },
  fold,
  content: chatContent,
};

/** What chat and the completions before it may be asked for. */
export function sayParameters(said: Attributes, body: Json): void {
  const { stop, n } = body;
  say(said, 'gen_ai.request.max_tokens', body['max_completion_tokens'] ?? body['max_tokens']);
  say(said, 'gen_ai.request.temperature', body['temperature']);
  say(said, 'gen_ai.request.top_p', body['top_p']);
  say(said, 'gen_ai.request.frequency_penalty', body['frequency_penalty']);
  say(said, 'gen_ai.request.presence_penalty', body['presence_penalty']);
  say(said, 'gen_ai.request.seed', body['seed']);
  say(said, 'gen_ai.request.stop_sequences', typeof stop === 'string' ? [stop] : stop);
  say(said, 'gen_ai.request.choice.count', n === 1 ? undefined : n);
  say(said, 'gen_ai.request.reasoning.level', body['reasoning_effort']);
  say(said, 'gen_ai.request.stream', body['stream'] === true || undefined);
  say(said, 'openai.request.service_tier', body['service_tier'] === 'auto' ? undefined : body['service_tier']);
}

function fold(): Fold {
  let id: string | undefined;
  let model: string | undefined;
  let usage: Usage | undefined;
  let tier: string | undefined;
  let said: unknown;
  /** The usage came in a chunk of its own, as it does at the end. */
  let isApart = false;
  const finishReasons: string[] = [];
  return {
    chunk(chunk) {
      const data = asJson(chunk);
      id ??= asText(data['id']);
      model ??= asText(data['model']);
      const choices = data['choices'];
      // The last word counts: some servers repeat the usage so far on every chunk. Groq and Moonshot have places of
      // their own for it.
      const latest =
        data['usage'] ??
        asJson(data['x_groq'])['usage'] ??
        (Array.isArray(choices) ? asJson(choices[0])['usage'] : undefined);
      if (latest) {
        usage = usageOf(latest, model) ?? usage;
        said = latest;
        isApart = Array.isArray(choices) && choices.length === 0;
      }
      tier = asText(data['service_tier']) ?? tier;
      if (!Array.isArray(choices)) return;
      for (const each of choices) {
        const choice = asJson(each);
        const index = asTokens(choice['index']) ?? 0;
        if (index >= mostChoices) continue;
        const reason = asText(choice['finish_reason']);
        if (reason) finishReasons[index] = reason;
        else finishReasons[index] ??= 'error'; // expected, and missing for now
      }
    },
    facts: () => ({
      id,
      model,
      finishReasons: Array.from(finishReasons, (reason) => reason ?? 'error'),
      usage: usage ?? unknownUsage,
      // Beside choices it may be the usage so far, of an answer that goes on.
      isUsageFinal: usage !== undefined && (isApart || !finishReasons.includes('error')),
      served: servedOf(tier, said),
    }),
  };
}

/** Of one answer, as the API allows; an index beyond is a mistake. */
const mostChoices = 128;

/**
 * @param tier that served the answer: what it was asked for may be another.
 * @param usage as it stands in the answer.
 */
export function servedOf(tier: string | undefined, usage: unknown): Served | undefined {
  const saidPico = usage ? saidCostOf(asJson(usage)) : undefined;
  return tier === undefined && saidPico === undefined ? undefined : { tier, saidPico };
}

/** Undefined when the answer has none. Details are parts of the totals. */
export function usageOf(value: unknown, model = ''): Usage | undefined {
  if (typeof value !== 'object' || value === null) return undefined; // as on nearly every chunk
  const usage = asJson(value);
  const input = asTokens(usage['prompt_tokens']);
  const completion = asTokens(usage['completion_tokens']);
  if (input === null && completion === null) return undefined;
  const inputDetails = asJson(usage['prompt_tokens_details']);
  const cachedDetails = asJson(inputDetails['cached_tokens_details']);
  const outputDetails = asJson(usage['completion_tokens_details']);
  const reasoning = asTokens(outputDetails['reasoning_tokens']) ?? asTokens(usage['reasoning_tokens']);
  const beside = besideOf(usage, reasoning, model);
  // As OpenAI says it, DeepSeek, Moonshot, and gateways to Anthropic.
  const read =
    asTokens(inputDetails['cached_tokens']) ??
    asTokens(usage['prompt_cache_hit_tokens']) ??
    asTokens(usage['cached_tokens']) ??
    asTokens(usage['cache_read_input_tokens']);
  // As OpenAI says it, Alibaba, and LiteLLM.
  const written =
    asTokens(inputDetails['cache_write_tokens']) ??
    asTokens(inputDetails['cache_creation_input_tokens']) ??
    asTokens(inputDetails['cache_creation_tokens']) ??
    asTokens(usage['cache_creation_input_tokens']);
  return {
    inputTokens: withCache(input, read, written),
    outputTokens: beside > 0 ? (completion ?? 0) + beside : completion,
    cacheReadTokens: read,
    cacheReadAudioTokens: cachedAudioOf(cachedDetails),
    cacheReadImageTokens: cachedImageOf(cachedDetails),
    cacheWriteTokens: written,
    cacheWrite1hTokens: asTokens(asJson(inputDetails['cache_creation_token_details'])['ephemeral_1h_input_tokens']),
    reasoningTokens: reasoning,
    cacheWrite12hTokens: asCount(asJson(inputDetails['cache_write_tokens_details'])['ttl_12h_tokens']),
    textInputTokens: asCount(inputDetails['text_tokens']),
    audioInputTokens: asCount(inputDetails['audio_tokens']),
    imageInputTokens: asCount(inputDetails['image_tokens']),
    textOutputTokens: asCount(outputDetails['text_tokens']),
    audioOutputTokens: asCount(outputDetails['audio_tokens']),
    acceptedPredictionTokens: asCount(outputDetails['accepted_prediction_tokens']),
    rejectedPredictionTokens: asCount(outputDetails['rejected_prediction_tokens']),
    // Mistral's, which has no tokens.
    audioSeconds: asNumber(usage['prompt_audio_seconds']) || undefined,
    // These models search the web on every question, at a fee; xAI's by the number of sources. Neither is counted.
    unmetered:
      model.includes('-search-') || (asTokens(usage['num_sources_used']) ?? 0) > 0 ? ['web_search'] : undefined,
  };
}

/**
 * Output that is counted beside the completion; ours includes it, whoever answers. xAI's reasoning is, as its total
 * tells, Perplexity's, where there is more of it than of the completion, and Gemini's thinking, of which only the
 * total tells.
 */
function besideOf(usage: Json, reasoning: number | null, model: string): number {
  const completion = asTokens(usage['completion_tokens']) ?? 0;
  const total = asTokens(usage['total_tokens']) ?? 0;
  const rest = Math.max(0, total - (asTokens(usage['prompt_tokens']) ?? 0) - completion);
  if (reasoning !== null) return rest === reasoning || reasoning > completion ? reasoning : 0;
  return model.includes('gemini') ? rest : 0;
}

/** Sound among the tokens read from the cache; its name differs by API, as that of images. */
export const cachedAudioOf = (details: Json): number | undefined =>
  asCount(details['audio_tokens'] ?? details['cached_audio_tokens']);
export const cachedImageOf = (details: Json): number | undefined =>
  asCount(details['image_tokens'] ?? details['cached_image_tokens']);

/**
 * The chunk as an app gets it that did not ask for usage: without the null that stands on every one; undefined in place
 * of the extra chunk at the end. Usage on a chunk with choices stays: a server that puts it there does so unasked.
 */
export function withoutUsage(chunk: unknown): unknown {
  const data = chunk as Json;
  if (data['usage'] === null) {
    if (isUsual(data)) return usualWithoutUsage(data);
    const { usage: _, ...rest } = data; // a copy: deleting would make it a slower object for the app
    return rest;
  }
  return data['usage'] && Array.isArray(data['choices']) && data['choices'].length === 0 ? undefined : chunk;
}

/** What OpenAI's chunks have, in its order. */
const usualFields = [
  'id',
  'object',
  'created',
  'model',
  'service_tier',
  'system_fingerprint',
  'choices',
  'usage',
  'obfuscation',
];

function isUsual(data: Json): boolean {
  let index = 0;
  for (const name in data) if (name !== usualFields[index++]) return false;
  return index === usualFields.length;
}

/** The same copy as of any other chunk, for a quarter of its time and a third of its bytes. */
const usualWithoutUsage = (data: Json): Json => ({
  id: data['id'],
  object: data['object'],
  created: data['created'],
  model: data['model'],
  service_tier: data['service_tier'],
  system_fingerprint: data['system_fingerprint'],
  choices: data['choices'],
  obfuscation: data['obfuscation'],
});

/** Whether the caller left the question of usage open in a streamed request. */
export const leavesUsageOpen = (body: Json): boolean =>
  body['stream'] === true && asJson(body['stream_options'])['include_usage'] === undefined;
