/** One small chat input for both providers, so that one request can move between them. */
import { type Server } from '../observe/provider.ts';
import { ChatReply } from './answer.ts';
import type { TryOptions } from './routes.ts';
export interface ChatInput {
    readonly system?: string;
    readonly messages: readonly {
        readonly role: 'user' | 'assistant';
        readonly content: string;
    }[];
    readonly stop?: readonly string[];
}
/** A `via` that also says who it asks, for prices. */
export interface ChatVia {
    (input: ChatInput, options: TryOptions): Promise<ChatReply>;
    readonly server: Server;
}
/** What is used of an OpenAI client. */
export interface OpenAIClient {
    readonly chat: {
        readonly completions: {
            create(body: any, options?: any): PromiseLike<any>;
        };
    };
}
/** What is used of an Anthropic client. */
export interface AnthropicClient {
    readonly messages: {
        create(body: any, options?: any): PromiseLike<any>;
    };
}
/** Chat completions of an (observed) OpenAI client. */
export declare function openaiChat(client: OpenAIClient): ChatVia;
/** Messages of an (observed) Anthropic client. */
export declare function anthropicMessages(client: AnthropicClient): ChatVia;