/** Anthropic messages, the beta ones too. */
import { unknownUsage } from '@routescope/conventions';
import { messagesContent } from '../../content/messages.ts';
import { type AnswerFacts, type Api, asJson, asText, asTokens, type Fold, say } from '../facts.ts';
import { servedOf, usageOf } from './messages-usage.ts';

export const messages: Api = {
  kind: 'anthropic',
  operation: 'chat',
  sayRequest(said, body) {
    say(said, 'gen_ai.request.max_tokens', body['max_tokens']);
    say(said, 'gen_ai.request.temperature', body['temperature']);
    say(said, 'gen_ai.request.top_p', body['top_p']);
    say(said, 'gen_ai.request.top_k', body['top_k']);
    say(said, 'gen_ai.request.stop_sequences', body['stop_sequences']);
    say(said, 'gen_ai.request.reasoning.level', asJson(body['output_config'])['effort']);
    say(said, 'gen_ai.request.stream', body['stream'] === true || undefined);
    say(said, 'anthropic.request.service_tier', body['service_tier']);
  },
  answer(data): AnswerFacts {
    const stop = asText(data['stop_reason']);
    const said = asJson(data['usage']);
    const usage = usageOf(said);
    const model = asText(data['model']);
    return {
      id: asText(data['id']),
      model,
      finishReasons: stop ? [stop] : [],
      usage: usage ?? unknownUsage,
      isUsageFinal: usage !== undefined,
      served: usage && servedOf(said, usage, model),
    };
  },
  fold,
  content: messagesContent,
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
      } else if (event['type'] === 'content_block_start') {
        // From here on another model answers.
        const block = asJson(event['content_block']);
        if (block['type'] === 'fallback') model = asText(asJson(block['to'])['model']) ?? model;
      } else if (event['type'] === 'message_delta') {
        stop = asText(asJson(event['delta'])['stop_reason']) ?? stop;
        replace(event['usage']);
        if (asTokens(asJson(event['usage'])['output_tokens']) !== null) isUsageFinal = true;
      }
    },
    facts: () => {
      const tokens = usageOf(usage);
      return {
        id,
        model,
        finishReasons: stop ? [stop] : ['error'],
        usage: tokens ?? unknownUsage,
        isUsageFinal,
        served: tokens && servedOf(usage, tokens, model),
      };
    },
  };
}
