import type { ChatReply } from '../answer.ts';
export type Confidence = (text: string, reply: ChatReply | undefined) => number | Promise<number>;
export declare function textConfidence(text: string): number;
export declare const logprobConfidence: (logprobs: readonly number[]) => number;
export declare const defaultConfidence: Confidence;