/** The check of an answer: a Standard Schema, a regular expression or a function, and the refusal that is always one. */
import type { QualityCause, ValidationResult } from '@routescope/conventions';
/** https://standardschema.dev, as far as it is used here: zod, valibot, arktype and others are this. */
export interface StandardSchema<Output = unknown> {
    readonly '~standard': {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => any;
        readonly types?: {
            readonly input: unknown;
            readonly output: Output;
        } | undefined;
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
export declare function judge(value: unknown, validator: Validator | undefined): Promise<Verdict>;