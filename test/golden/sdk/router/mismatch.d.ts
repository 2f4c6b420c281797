import type { Inference } from '../context.ts';
export interface Expected {
    readonly model: string;
    readonly maxTokens: number | undefined;
    readonly temperature: number | undefined;
}
export declare function mismatchOf(expected: Expected, inference: Inference): string[];
export declare const isSameModel: (a: string, b: string) => boolean;