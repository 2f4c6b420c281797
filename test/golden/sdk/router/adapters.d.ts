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
    readonly maxTokens?: number;
    readonly temperature?: number;
}
export interface ChatVia {
    (input: ChatInput, options: TryOptions): Promise<ChatReply>;
    readonly server: Server;
}
export interface OpenAIClient {
    readonly chat: {
        readonly completions: {
            create(body: any, options?: any): PromiseLike<any>;
        };
    };
}
export interface AnthropicClient {
    readonly messages: {
        create(body: any, options?: any): PromiseLike<any>;
    };
}
export declare function openaiChat(client: OpenAIClient): ChatVia;
export declare function anthropicMessages(client: AnthropicClient): ChatVia;