/** The check of an answer: a Standard Schema, a regular expression or a function, and the refusal that is always one. */
import type { QualityCause, ValidationResult } from '@routescope/conventions';
import { read } from './answer.ts';

/** https://standardschema.dev, as far as it is used here: zod, valibot, arktype and others are this. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    // biome-ignore lint/suspicious/noExplicitAny: structural, so that any library's schema is one.
    readonly validate: (value: unknown) => any;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export interface Judgement {
  readonly result: 'pass' | 'fail';
  /** 0 to 1. */
  readonly score?: number;
  /** Short, and without content: it goes on the span. */
  readonly reason?: string;
}

/** Looks at the answer (its text, where it has one). May be asynchronous. */
export type Check = (answer: never) => boolean | Judgement | Promise<boolean | Judgement>;

export type Validator = StandardSchema | RegExp | Check;

export interface Verdict {
  readonly result: ValidationResult;
  readonly name: string | undefined;
  readonly score: number | undefined;
  readonly reason: string | undefined;
  /** Why the answer is rejected; undefined unless it is. */
  readonly cause: QualityCause | undefined;
  /** The answer as the app gets it: a schema's output, else what came. */
  readonly answer: unknown;
}

/**
 * The verdict on what an attempt brought back. Never throws: a validator that breaks is the result `error`, and the
 * answer is accepted, because a broken check says nothing about the answer.
 */
export async function judge(value: unknown, validator: Validator | undefined): Promise<Verdict> {
  const { text, isRefusal, isTruncated } = read(value);
  const answer =
    value !== null && typeof value === 'object' && 'text' in value && 'usage' in value ? (text ?? value) : value;
  const verdict = (result: ValidationResult, more: Partial<Verdict> = {}): Verdict => ({
    result,
    name: nameOf(validator),
    score: undefined,
    reason: undefined,
    cause: result === 'fail' ? (isTruncated ? 'truncated' : 'validation_failed') : undefined,
    answer,
    ...more,
  });
  if (isRefusal) return verdict('fail', { name: 'refusal', cause: 'refusal' });
  if (validator === undefined) return verdict('none');
  try {
    if (validator instanceof RegExp)
      return verdict(
        new RegExp(validator.source, validator.flags.replace(/[gy]/g, '')).test(text ?? '') ? 'pass' : 'fail',
      );
    if ('~standard' in validator) {
      const outcome = await validator['~standard'].validate(parsed(text, answer));
      if (outcome.issues) return verdict('fail', { reason: issuePaths(outcome.issues) });
      return verdict('pass', { answer: outcome.value });
    }
    const said = await validator((text ?? answer) as never);
    if (typeof said === 'boolean') return verdict(said ? 'pass' : 'fail');
    return verdict(said.result, { score: said.score, reason: said.reason?.slice(0, 200) });
  } catch (problem) {
    return verdict('error', { reason: (problem as object | null)?.constructor?.name });
  }
}

function nameOf(validator: Validator | undefined): string | undefined {
  if (validator === undefined) return undefined;
  if (validator instanceof RegExp) return 'regex';
  if ('~standard' in validator) return `schema:${validator['~standard'].vendor}`;
  return validator.name || 'function';
}

/** Text that is JSON is given to a schema as what it says; other text as it is. */
function parsed(text: string | undefined, answer: unknown): unknown {
  if (text === undefined) return answer;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Where the schema was not met; never what stood there, which is content. */
function issuePaths(issues: readonly { path?: readonly (PropertyKey | { key: PropertyKey })[] }[]): string {
  const paths = issues
    .slice(0, 5)
    .map(
      ({ path = [] }) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.') || '(root)',
    );
  return `not met at ${[...new Set(paths)].join(', ')}`.slice(0, 200);
}
