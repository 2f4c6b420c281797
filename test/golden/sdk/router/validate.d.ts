import type { QualityCause, ValidationResult } from '@routescope/conventions';
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
export type Check = (answer: never) => boolean | Judgement | Promise<boolean | Judgement>;
export type Validator = StandardSchema | RegExp | Check;
export interface Verdict {
    readonly result: ValidationResult;
    readonly name: string | undefined;
    readonly score: number | undefined;
    readonly reason: string | undefined;
    readonly cause: QualityCause | undefined;
    readonly answer: unknown;
}
export declare function judge(value: unknown, validator: Validator | undefined): Promise<Verdict>;