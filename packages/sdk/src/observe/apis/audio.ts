/** OpenAI audio: speech to text (`transcriptions`, `translations`) and text to speech (`speech`). */
import { type Usage, unknownUsage } from '@routescope/conventions';
import { takes, transcriptionsContent } from '../../content/plain.ts';
import {
  type AnswerFacts,
  type Api,
  asJson,
  asNumber,
  type Fold,
  type Json,
  noFold,
  nothingKnown,
  say,
} from '../facts.ts';
import { usageOf } from './chat-completions.ts';
import { tokensOf } from './responses.ts';

export const transcriptions: Api = {
  kind: 'openai',
  operation: 'generate_content',
  sayRequest(said, body) {
    say(said, 'gen_ai.output.type', 'text');
    say(said, 'gen_ai.request.temperature', body['temperature']);
    say(said, 'gen_ai.request.stream', body['stream'] === true || undefined);
  },
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
  const { usage: said, duration } = asJson(data);
  // Mistral says it as of a chat; where nobody says it, a verbose answer still says how long the sound was.
  const usage = tokensOf(said) ?? usageOf(said) ?? lengthOf(duration);
  return { ...nothingKnown, usage: usage ?? unknownUsage, isUsageFinal: usage !== undefined };
}

/** @param duration seconds; older declarations call it a text. */
function lengthOf(duration: unknown): Usage | undefined {
  const seconds = asNumber(typeof duration === 'string' && duration !== '' ? Number(duration) : duration);
  return seconds !== null && seconds >= 0 ? { ...unknownUsage, audioSeconds: seconds } : undefined;
}

/** Answers with the raw response: sound, and no usage. */
export const speech: Api = {
  kind: 'openai',
  operation: 'generate_content',
  sayRequest: (said) => say(said, 'gen_ai.output.type', 'speech'),
  answer: () => nothingKnown,
  fold: noFold,
  content: takes('input'),
};
