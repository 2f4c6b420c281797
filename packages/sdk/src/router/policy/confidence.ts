/** How sure an answer is of itself, 0 to 1: what a cascade decides by. */
import type { ChatReply } from '../answer.ts';
import { countWords } from './signals.ts';

/** @param reply the adapter's reply where there is one, with its text and log probabilities. */
export type Confidence = (text: string, reply: ChatReply | undefined) => number | Promise<number>;

const hedges = ["i'm not sure", "i don't know", 'i cannot'];

/** By the look of the text: half, and more for length, no hedging, structure, and an end that is one. */
export function textConfidence(text: string): number {
  const lower = text.toLowerCase().replaceAll('’', "'");
  let score = 0.5;
  if (countWords(text) > 20) score += 0.15;
  if (!hedges.some((hedge) => lower.includes(hedge))) score += 0.15;
  if (/```|1\.|- /.test(text)) score += 0.1;
  if (/(?:\.|```|\))\s*$/.test(text)) score += 0.1;
  return Math.min(Number(score.toFixed(2)), 1);
}

/** The geometric mean of the tokens' probabilities. */
export const logprobConfidence = (logprobs: readonly number[]): number =>
  Math.exp(logprobs.reduce((sum, each) => sum + each, 0) / logprobs.length);

/** Log probabilities where the answer has them, else the look of the text. */
export const defaultConfidence: Confidence = (text, reply) =>
  reply?.logprobs?.length ? logprobConfidence(reply.logprobs) : textConfidence(text);
