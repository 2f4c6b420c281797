/** OpenAI responses: `responses.create`, `.compact` and their beta twins. */
import type { Attributes } from '@opentelemetry/api';
import { type Usage, unknownUsage } from '@routescope/conventions';
import {
  type AnswerFacts,
  type Api,
  asJson,
  asNumber,
  asText,
  type Fold,
  type Json,
  nothingKnown,
  present,
} from '../facts.ts';

export const responses: Api = {
  kind: 'openai',
  operation: 'chat',
  requestAttributes(body): Attributes {
    return present({
      'gen_ai.request.max_tokens': body['max_output_tokens'],
      'gen_ai.request.temperature': body['temperature'],
      'gen_ai.request.top_p': body['top_p'],
      'gen_ai.request.previous_response.id': body['previous_response_id'],
      'gen_ai.request.reasoning.level': asJson(body['reasoning'])['effort'],
      'gen_ai.request.stream': body['stream'] === true || undefined,
      'openai.api.type': 'responses',
      'openai.request.service_tier': body['service_tier'] === 'auto' ? undefined : body['service_tier'],
    });
  },
  answer: factsOf,
  fold,
};

function factsOf(data: Json): AnswerFacts {
  const usage = tokensOf(data['usage']);
  return {
    id: asText(data['id']),
    model: asText(data['model']),
    finishReasons: finishReasonsOf(data),
    usage: usage ?? unknownUsage,
    isUsageFinal: usage !== undefined,
  };
}

/** The answer stands whole in the events that begin and end a stream; the last one that has it counts. */
function fold(): Fold {
  let response: Json | undefined;
  return {
    chunk(chunk) {
      const said = asJson(chunk)['response'];
      if (typeof said === 'object' && said !== null) response = said as Json;
    },
    facts: () => (response ? factsOf(response) : { ...nothingKnown, finishReasons: ['error'] }),
  };
}

/** The API has a status, and a reason only where an answer stayed incomplete. */
function finishReasonsOf(data: Json): string[] {
  const status = asText(data['status']);
  if (status === 'completed') {
    const output = Array.isArray(data['output']) ? data['output'] : [];
    return [output.some((item) => asJson(item)['type'] === 'function_call') ? 'tool_calls' : 'stop'];
  }
  if (status === 'incomplete') return [asText(asJson(data['incomplete_details'])['reason']) ?? 'incomplete'];
  if (status === 'in_progress') return ['error']; // expected, and missing
  return status ? [status] : [];
}

/** The form of usage that responses, images and transcriptions share; undefined when the answer has none. */
export function tokensOf(value: unknown): Usage | undefined {
  const usage = asJson(value);
  const input = asNumber(usage['input_tokens']);
  const output = asNumber(usage['output_tokens']);
  if (input === null && output === null) return undefined;
  const inputDetails = asJson(usage['input_tokens_details']);
  return {
    inputTokens: input,
    outputTokens: output,
    cacheReadTokens: asNumber(inputDetails['cached_tokens']),
    cacheWriteTokens: asNumber(inputDetails['cache_write_tokens']),
    cacheWrite1hTokens: null,
    reasoningTokens: asNumber(asJson(usage['output_tokens_details'])['reasoning_tokens']),
  };
}
