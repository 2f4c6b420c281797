/** OpenAI images: `generate`, `edit`, `createVariation`. */
import { unknownUsage } from '@routescope/conventions';
import { imagesContent } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asJson, type Fold, type Json, nothingKnown, say } from '../facts.ts';
import { tokensOf } from './responses.ts';

export const images: Api = {
  kind: 'openai',
  operation: 'generate_content',
  sayRequest(said, body) {
    say(said, 'gen_ai.output.type', 'image');
    say(said, 'gen_ai.request.choice.count', body['n'] === 1 ? undefined : body['n']);
    say(said, 'gen_ai.request.stream', body['stream'] === true || undefined);
  },
  answer: factsOf,
  /** Partial images come first; the event that completes one has the usage. */
  fold(): Fold {
    let facts = nothingKnown;
    return {
      chunk(chunk) {
        const event = asJson(chunk);
        if (event['usage']) facts = factsOf(event);
      },
      facts: () => facts,
    };
  },
  content: imagesContent,
};

function factsOf(data: Json): AnswerFacts {
  const tokens = tokensOf(data['usage']);
  // What an images API puts out is images, also where it does not say so.
  const usage = tokens && {
    ...tokens,
    imageOutputTokens: tokens.imageOutputTokens ?? tokens.outputTokens ?? undefined,
  };
  return { ...nothingKnown, usage: usage ?? unknownUsage, isUsageFinal: usage !== undefined };
}
