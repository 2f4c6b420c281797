/** OpenAI decisions: quick answers to classification and scoring questions. */
import { unknownUsage } from '@routescope/conventions';
import { takes } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asText, noFold, say } from '../facts.ts';
import { servedOf } from './chat-completions.ts';
import { tokensOf } from './responses.ts';

export const decisions: Api = {
  kind: 'openai',
  operation: 'chat',
  sayRequest(said, { service_tier: tier }) {
    say(said, 'openai.request.service_tier', tier === 'auto' ? undefined : tier);
  },
  answer(data): AnswerFacts {
    const usage = tokensOf(data['usage']);
    return {
      id: asText(data['id']),
      model: asText(data['model']),
      finishReasons: [],
      usage: usage ?? unknownUsage,
      isUsageFinal: usage !== undefined,
      served: servedOf(asText(data['service_tier']), data['usage']),
    };
  },
  fold: noFold,
  content: takes('input'),
};
