import type { Usage } from '@routescope/conventions';
export declare class ChatReply {
    readonly text: string;
    readonly finishReason: string | undefined;
    readonly isRefusal: boolean;
    readonly model: string | undefined;
    readonly usage: Usage;
    readonly raw: unknown;
    constructor(reply: Omit<ChatReply, never>);
}
export interface Read {
    readonly text: string | undefined;
    readonly isRefusal: boolean;
    readonly isTruncated: boolean;
}
export declare function read(value: unknown): Read;
export declare const isStream: (value: unknown) => boolean;