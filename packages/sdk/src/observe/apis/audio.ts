/** OpenAI audio: speech to text (`transcriptions`, `translations`) and text to speech (`speech`). */
import type { Attributes } from '@opentelemetry/api';
import { unknownUsage } from '@routescope/conventions';
import { takes, transcriptionsContent } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asJson, type Fold, type Json, noFold, nothingKnown, present } from '../facts.ts';
import { usageOf } from './chat-completions.ts';
import { tokensOf } from './responses.ts';

export const transcriptions: Api = {
  kind: 'openai',
  operation: 'generate_content',
  requestAttributes: (body): Attributes =>
    present({
      'gen_ai.output.type': 'text',
      'gen_ai.request.temperature': body['temperature'],
      'gen_ai.request.stream': body['stream'] === true || undefined,
    }),
  /** Text, when the app asked for text; an object else. */
  answer: factsOf,
  fold(): Fold {
    let facts = nothingKnown;
    return {
      chunk(chunk) {
        const event = asJson(chunk);
        if (event['type'] === 'transcript.text.done') facts = factsOf(event);
      },
      facts: () => facts,
    };
  },
  content: transcriptionsContent,
};

function factsOf(data: Json): AnswerFacts {
  const said = asJson(data)['usage'];
  // Mistral says it as of a chat.
  const usage = tokensOf(said) ?? usageOf(said);
  return { ...nothingKnown, usage: usage ?? unknownUsage, isUsageFinal: usage !== undefined };
}

/** Answers with the raw response: sound, and no usage. */
export const speech: Api = {
  kind: 'openai',
  operation: 'generate_content',
  requestAttributes: () => ({ 'gen_ai.output.type': 'speech' }),
  answer: () => nothingKnown,
  fold: noFold,
  content: takes('input'),
};
