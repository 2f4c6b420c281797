/** OpenAI decisions: quick answers to classification and scoring questions. */
import { unknownUsage } from '@routescope/conventions';
import { takes } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asText, noFold, present } from '../facts.ts';
import { servedOf } from './chat-completions.ts';
import { tokensOf } from './responses.ts';

export const decisions: Api = {
  kind: 'openai',
  operation: 'chat',
  requestAttributes: (body) =>
    present({ 'openai.request.service_tier': body['service_tier'] === 'auto' ? undefined : body['service_tier'] }),
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
