/** What an attempt brought back, as far as a validator and the spans need to know it. */
import type { Usage } from '@routescope/conventions';
/** The answer of an adapter: one small form for every provider. */
export declare class ChatReply {
    readonly text: string;
    /** `length` when the model was cut off, whatever the provider calls it. */
    readonly finishReason: string | undefined;
    /** The provider or the model declined. */
    readonly isRefusal: boolean;
    readonly model: string | undefined;
    readonly usage: Usage;
    /** The provider's own answer. */
    readonly raw: unknown;
    constructor(reply: Omit<ChatReply, never>);
}
export interface Read {
    /** What the validator looks at. */
    readonly text: string | undefined;
    readonly isRefusal: boolean;
    readonly isTruncated: boolean;
}
/** Text, refusal and truncation of an adapter's reply, of an OpenAI or Anthropic answer, or of a text. */
export declare function read(value: unknown): Read;
/** A stream of either SDK: it is the answer before anybody has read it. */
export declare const isStream: (value: unknown) => boolean;