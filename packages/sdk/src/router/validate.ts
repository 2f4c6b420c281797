/** The check of an answer: a Standard Schema, a regular expression or a function, and the refusal that is always one. */
import type { QualityCause, ValidationResult } from '@routescope/conventions';
import { className } from '../observe/ending.ts';
import type { ChatInput } from './adapters.ts';
import { ChatReply, read } from './answer.ts';
import { asStep } from './step.ts';

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

/** What a check may use beside the answer. */
export interface CheckContext {
  /** What the call was asked. */
  readonly input: unknown;
  /**
   * Asks another route of the same table, as a call of its own: a model as judge.
   * @returns its answer's text.
   */
  readonly ask: (tag: string, input: ChatInput) => Promise<string>;
}

/** Looks at the answer (its text, where it has one). May be asynchronous. */
export interface Check {
  (answer: never, context: CheckContext): boolean | Judgement | Promise<boolean | Judgement>;
  /** What it is as data, for the route table's version. */
  readonly plain?: object;
}

export type Validator = StandardSchema | RegExp | Check;

/** A validator with a name, a release or a threshold. */
export interface NamedValidator {
  readonly check: Validator;
  readonly name?: string;
  /** Release of the check, on every verdict. */
  readonly version?: string;
  /** Least score that passes, whatever the check says. @default the route's quality bar */
  readonly threshold?: number;
}

export interface Verdict {
  readonly result: ValidationResult;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly score: number | undefined;
  readonly reason: string | undefined;
  /** Why the answer is rejected; undefined unless it is. */
  readonly cause: QualityCause | undefined;
  /** The answer as the app gets it: a schema's output, else what came. */
  readonly answer: unknown;
}

export interface JudgeOptions {
  readonly validator: Validator | NamedValidator | undefined;
  readonly qualityBar: number | undefined;
  readonly context: CheckContext;
}

/** No verdict yet, or none ever: nobody looked. */
export const unjudged = (answer: unknown): Verdict => ({
  result: 'none',
  name: undefined,
  version: undefined,
  score: undefined,
  reason: undefined,
  cause: undefined,
  answer,
});

/**
 * The verdict on what an attempt brought back. Never throws: a validator that breaks is the result `error`, and the
 * answer is accepted, because a broken check says nothing about the answer.
 */
export async function judge(value: unknown, { validator, qualityBar, context }: JudgeOptions): Promise<Verdict> {
  const { text, isRefusal, isTruncated } = read(value);
  const answer = value instanceof ChatReply ? value.text : value;
  const { check, name = nameOf(check), version, threshold = qualityBar } = named(validator);
  const verdict = (result: ValidationResult, more: Partial<Verdict> = {}): Verdict => ({
    ...unjudged(answer),
    result,
    name,
    version,
    cause: result === 'fail' ? (isTruncated ? 'truncated' : 'validation_failed') : undefined,
    ...more,
  });
  if (isRefusal) return verdict('fail', { name: 'refusal', version: undefined, cause: 'refusal' });
  if (check === undefined) return unjudged(answer);
  try {
    if (check instanceof RegExp)
      return verdict(new RegExp(check.source, check.flags.replace(/[gy]/g, '')).test(text ?? '') ? 'pass' : 'fail');
    if ('~standard' in check) {
      const outcome = await check['~standard'].validate(parsed(text, answer));
      if (outcome.issues) return verdict('fail', { reason: issuePaths(outcome.issues) });
      return verdict('pass', { answer: outcome.value });
    }
    const said = await check((text ?? answer) as never, context);
    if (typeof said === 'boolean') return verdict(said ? 'pass' : 'fail');
    const score = typeof said.score === 'number' && Number.isFinite(said.score) ? said.score : undefined;
    const isBelow = score !== undefined && threshold !== undefined && score < threshold;
    return verdict(isBelow ? 'fail' : said.result, {
      score,
      reason: said.reason?.slice(0, 200) ?? (isBelow ? `below ${threshold}` : undefined),
    });
  } catch (problem) {
    return verdict('error', { reason: className(problem) });
  }
}

function named(validator: Validator | NamedValidator | undefined): Partial<NamedValidator> {
  if (validator === undefined) return {};
  const isBare = typeof validator === 'function' || validator instanceof RegExp || '~standard' in validator;
  return isBare ? { check: validator as Validator } : (validator as NamedValidator);
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
      ({ path = [] }) =>
        path.map((part) => asStep(String(typeof part === 'object' ? part.key : part))).join('.') || '(root)',
    );
  return `not met at ${[...new Set(paths)].join(', ')}`.slice(0, 200);
}
