/** Text completions, the APIs before chat: OpenAI's `completions.create`, and Anthropic's of the SDKs before 1. */
import { completionsContent } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asText, type Fold, type Json, nothingKnown, say } from '../facts.ts';
import { chatCompletions, sayParameters } from './chat-completions.ts';

/** Answers and chunks have the form of chat completions, with text where those have a message. */
export const completions: Api = {
  ...chatCompletions,
  operation: 'text_completion',
  sayRequest: sayParameters,
  content: completionsContent,
};

export const anthropicCompletions: Api = {
  kind: 'anthropic',
  operation: 'text_completion',
  sayRequest(said, body) {
    say(said, 'gen_ai.request.max_tokens', body['max_tokens_to_sample']);
    say(said, 'gen_ai.request.temperature', body['temperature']);
    say(said, 'gen_ai.request.top_p', body['top_p']);
    say(said, 'gen_ai.request.top_k', body['top_k']);
    say(said, 'gen_ai.request.stop_sequences', body['stop_sequences']);
    say(said, 'gen_ai.request.stream', body['stream'] === true || undefined);
  },
  answer: factsOf,
  fold(): Fold {
    let last: Json = {};
    return {
      chunk: (chunk) => {
        last = { ...last, ...(chunk as Json) };
      },
      facts: () => ({ ...factsOf(last), finishReasons: [asText(last['stop_reason']) ?? 'error'] }),
    };
  },
  content: completionsContent,
};

/** This API never says its usage. */
function factsOf(data: Json): AnswerFacts {
  const stop = asText(data['stop_reason']);
  return { ...nothingKnown, id: asText(data['id']), model: asText(data['model']), finishReasons: stop ? [stop] : [] };
}
