/** How a route ends without an answer: one error that names everything that was tried. */

import { className } from '../observe/ending.ts';
import type { AttemptRecord } from './attempt.ts';
import type { CallRef } from './call.ts';

/** Every attempt failed or was rejected, or nobody could be asked. The message has a part for each. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly code: string | undefined;
  readonly tag: string;
  readonly attempts: readonly AttemptRecord[];
  readonly call: CallRef;
  /** The last rejected answer, if there was one: it may be better than nothing. */
  readonly answer: unknown;

  constructor(tag: string, attempts: readonly AttemptRecord[], call: CallRef, notAsked: readonly string[] = []) {
    const said = attempts.map(({ number, tier, model, deployment, error, verdict }) => {
      const what = verdict
        ? `rejected by ${verdict.name ?? 'validation'}${verdict.reason ? ` (${verdict.reason})` : ''}`
        : `failed: ${describe(error)}`;
      return `${number}. ${tier.name} (${deployment ? `${model} at ${deployment}` : model}) ${what}`;
    });
    super(`no answer for ${JSON.stringify(tag)}: ${[...said, ...notAsked].join('; ')}`, {
      cause: attempts.findLast((attempt) => attempt.error !== undefined)?.error,
    });
    this.code = attempts.length === 0 ? 'circuit_open' : undefined;
    this.tag = tag;
    this.attempts = attempts;
    this.call = call;
    this.answer = attempts.findLast((attempt) => attempt.verdict !== undefined)?.verdict?.answer;
  }
}

/** A budget is spent, and says that nothing more is asked. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
  readonly code = 'budget_exceeded';
  readonly tag: string;
  readonly budget: string;
  readonly call: CallRef;

  constructor(tag: string, budget: string, call: CallRef) {
    super(`no answer for ${JSON.stringify(tag)}: the budget ${JSON.stringify(budget)} is spent`);
    this.tag = tag;
    this.budget = budget;
    this.call = call;
  }
}

function describe(error: unknown): string {
  const { status, name } = (error ?? {}) as { status?: unknown; name?: unknown };
  if (name === 'TimeoutError') return 'timeout';
  return `${className(error) ?? 'Error'}${typeof status === 'number' ? ` ${status}` : ''}`;
}
