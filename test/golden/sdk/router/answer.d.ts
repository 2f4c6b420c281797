import type { Usage } from '@routescope/conventions';
export declare class ChatReply {
    readonly text: string;
    readonly finishReason: string | undefined;
    readonly isRefusal: boolean;
    readonly model: string | undefined;
    readonly usage: Usage;
    readonly logprobs: readonly number[] | undefined;
    readonly raw: unknown;
    constructor(reply: Omit<ChatReply, 'logprobs'> & {
        readonly logprobs?: readonly number[] | undefined;
    });
}
export interface Read {
    readonly text: string | undefined;
    readonly isRefusal: boolean;
    readonly isTruncated: boolean;
}
export declare const isCut: (stopReason: unknown) => boolean;
export declare function read(value: unknown): Read;