/** OpenAI moderations: free of charge, and without usage. */
import { takes } from '../../content/plain.ts';
import { type AnswerFacts, type Api, asText, noFold, nothingKnown } from '../facts.ts';

export const moderations: Api = {
  kind: 'openai',
  operation: 'moderations',
  sayRequest() {},
  answer: (data): AnswerFacts => ({ ...nothingKnown, id: asText(data['id']), model: asText(data['model']) }),
  fold: noFold,
  content: takes('input'),
};
