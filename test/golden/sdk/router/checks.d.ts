import type { Check } from './validate.ts';
export declare function jsonSchema(schema: object): Check;
export interface LlmJudgeOptions {
    readonly tag: string;
    readonly rubric: string;
    readonly threshold?: number;
}
export declare function llmJudge(options: LlmJudgeOptions): Check;