/** OpenAI embeddings. */
import { unknownUsage } from '@routescope/conventions';
import { takes } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asText, noFold, say } from '../facts.ts';
import { usageOf } from './chat-completions.ts';

export const embeddings: Api = {
  kind: 'openai',
  operation: 'embeddings',
  sayRequest(said, body) {
    say(said, 'gen_ai.request.encoding_formats', asText(body['encoding_format']) && [body['encoding_format']]);
    say(said, 'gen_ai.embeddings.dimension.count', body['dimensions']);
  },
  answer(data): AnswerFacts {
    const usage = usageOf(data['usage']);
    return {
      id: undefined,
      model: asText(data['model']),
      finishReasons: [],
      usage: usage ?? unknownUsage,
      isUsageFinal: usage !== undefined,
    };
  },
  fold: noFold,
  content: takes('input'),
};
