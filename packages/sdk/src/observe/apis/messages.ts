/** Anthropic messages, the beta ones too. */
import type { Attributes } from '@opentelemetry/api';
import { type Usage, unknownUsage } from '@routescope/conventions';
import { type AnswerFacts, type Api, asJson, asNumber, asText, type Fold, present } from '../facts.ts';

export const messages: Api = {
  kind: 'anthropic',
  operation: 'chat',
  requestAttributes(body): Attributes {
    return present({
      'gen_ai.request.max_tokens': body['max_tokens'],
      'gen_ai.request.temperature': body['temperature'],
      'gen_ai.request.top_p': body['top_p'],
      'gen_ai.request.top_k': body['top_k'],
      'gen_ai.request.stop_sequences': body['stop_sequences'],
      'gen_ai.request.reasoning.level': asJson(body['output_config'])['effort'],
      'gen_ai.request.stream': body['stream'] === true || undefined,
      'anthropic.request.service_tier': body['service_tier'],
    });
  },
  answer(data): AnswerFacts {
    const stop = asText(data['stop_reason']);
    const usage = usageOf(asJson(data['usage']));
    return {
      id: asText(data['id']),
      model: asText(data['model']),
      finishReasons: stop ? [stop] : [],
      usage: usage ?? unknownUsage,
      isUsageFinal: usage !== undefined,
    };
  },
  fold,
};

function fold(): Fold {
  let id: string | undefined;
  let model: string | undefined;
  let stop: string | undefined;
  let usage: Record<string, unknown> = {};
  let isUsageFinal = false;
  /** Counts are cumulative: a later one replaces, and null says nothing new. */
  const replace = (later: unknown): void => {
    for (const [name, value] of Object.entries(asJson(later))) if (value !== null) usage = { ...usage, [name]: value };
  };
  return {
    chunk(chunk) {
      const event = asJson(chunk);
      if (event['type'] === 'message_start') {
        const message = asJson(event['message']);
        id = asText(message['id']);
        model = asText(message['model']);
        replace(message['usage']);
      } else if (event['type'] === 'message_delta') {
        stop = asText(asJson(event['delta'])['stop_reason']) ?? stop;
        replace(event['usage']);
        isUsageFinal = true;
      }
    },
    facts: () => ({
      id,
      model,
      finishReasons: stop ? [stop] : ['error'],
      usage: usageOf(usage) ?? unknownUsage,
      isUsageFinal,
    }),
  };
}

/** Undefined when the answer has none. Anthropic counts fresh, read and written input apart; ours is their sum. */
export function usageOf(usage: Readonly<Record<string, unknown>>): Usage | undefined {
  const fresh = asNumber(usage['input_tokens']);
  const output = asNumber(usage['output_tokens']);
  if (fresh === null && output === null) return undefined;
  const read = asNumber(usage['cache_read_input_tokens']);
  const written = asNumber(usage['cache_creation_input_tokens']);
  return {
    inputTokens: fresh === null ? null : fresh + (read ?? 0) + (written ?? 0),
    outputTokens: output,
    cacheReadTokens: read,
    cacheWriteTokens: written,
    cacheWrite1hTokens: asNumber(asJson(usage['cache_creation'])['ephemeral_1h_input_tokens']),
    reasoningTokens: asNumber(asJson(usage['output_tokens_details'])['thinking_tokens']),
  };
}
