import type { QualityCause, ValidationResult } from '@routescope/conventions';
import type { ChatInput } from './adapters.ts';
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
    readonly score?: number;
    readonly reason?: string;
}
export interface CheckContext {
    readonly input: unknown;
    readonly ask: (tag: string, input: ChatInput) => Promise<string>;
}
export interface Check {
    (answer: never, context: CheckContext): boolean | Judgement | Promise<boolean | Judgement>;
    readonly plain?: object;
}
export type Validator = StandardSchema | RegExp | Check;
export interface NamedValidator {
    readonly check: Validator;
    readonly name?: string;
    readonly version?: string;
    readonly threshold?: number;
}
export interface Verdict {
    readonly result: ValidationResult;
    readonly name: string | undefined;
    readonly version: string | undefined;
    readonly score: number | undefined;
    readonly reason: string | undefined;
    readonly cause: QualityCause | undefined;
    readonly answer: unknown;
}
export interface JudgeOptions {
    readonly validator: Validator | NamedValidator | undefined;
    readonly qualityBar: number | undefined;
    readonly context: CheckContext;
}
export declare const unjudged: (answer: unknown) => Verdict;
export declare function judge(value: unknown, { validator, qualityBar, context }: JudgeOptions): Promise<Verdict>;