/** A cascade's own check of an answer: is it sure enough of itself? */
import { ChatReply, read } from '../answer.ts';
import type { Verdict } from '../validate.ts';
import { defaultConfidence } from './confidence.ts';
import type { RoutePolicy } from './policy.ts';

/** @default of `threshold` */
const defaultThreshold = 0.7;

/**
 * The verdict with the confidence in it, where the policy is a cascade and the answer is one so far. The top tier's
 * answer is taken whatever its confidence; the verdict says it was low.
 */
export async function byConfidence(
  verdict: Verdict,
  value: unknown,
  policy: RoutePolicy | undefined,
  isTop: boolean,
): Promise<Verdict> {
  const cascade = policy?.kind === 'hybrid' ? policy.otherwise : policy;
  const { text } = read(value);
  if (cascade?.kind !== 'cascade' || text === undefined || verdict.result === 'fail') return verdict;
  let score: number;
  try {
    score = await (cascade.confidence ?? defaultConfidence)(text, value instanceof ChatReply ? value : undefined);
  } catch {
    return { ...verdict, name: 'confidence', result: 'error' };
  }
  const isSure = score >= (cascade.threshold ?? defaultThreshold);
  if (isSure && verdict.result !== 'none') return { ...verdict, score: verdict.score ?? score };
  return {
    ...verdict,
    name: 'confidence',
    result: isSure ? 'pass' : 'fail',
    score,
    cause: isSure || isTop ? undefined : 'low_confidence',
  };
}
