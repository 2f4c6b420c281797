/** One small chat input for both providers, so that one request can move between them. */

import { unknownUsage } from '@routescope/conventions';
import { currentFrame } from '../context.ts';
import { usageOf as openaiUsage } from '../observe/apis/chat-completions.ts';
import { usageOf as anthropicUsage } from '../observe/apis/messages-usage.ts';
import { asJson, asNumber, asText, type Json } from '../observe/facts.ts';
import { type Server, serverOf } from '../observe/provider.ts';
import { ChatReply, isCut } from './answer.ts';
import type { TryOptions } from './routes.ts';

export interface ChatInput {
  readonly system?: string;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  readonly stop?: readonly string[];
  /** Less than the tier allows; more is cut to that. */
  readonly maxTokens?: number;
  /** Up to the tier's `tempCap`. */
  readonly temperature?: number;
}

/** A `via` that also says who it asks, for prices. */
export interface ChatVia {
  (input: ChatInput, options: TryOptions): Promise<ChatReply>;
  readonly server: Server;
}

/** What is used of an OpenAI client. */
export interface OpenAIClient {
  // biome-ignore lint/suspicious/noExplicitAny: any version's overloads fit.
  readonly chat: { readonly completions: { create(body: any, options?: any): PromiseLike<any> } };
}

/** What is used of an Anthropic client. */
export interface AnthropicClient {
  // biome-ignore lint/suspicious/noExplicitAny: any version's overloads fit.
  readonly messages: { create(body: any, options?: any): PromiseLike<any> };
}

/** Anthropic wants a limit with every request; this is ours when the tier names none. */
const anthropicMaxTokens = 1024;

/** The router is the only retry loop. */
const requestOptions = (signal: AbortSignal | undefined): object => ({ maxRetries: 0, ...(signal && { signal }) });

/** Reads an answer with its headers, which say how much of the rate limit is left. */
async function heard(promise: PromiseLike<unknown>): Promise<unknown> {
  const { withResponse } = promise as { withResponse?: () => Promise<{ data: unknown; response: Response }> };
  if (typeof withResponse !== 'function') return promise;
  const { data, response } = await withResponse.call(promise);
  currentFrame().attempt?.headers?.((name) => response.headers.get(name) ?? undefined);
  return data;
}

function logprobsOf(choice: Json): number[] | undefined {
  const { content } = asJson(choice['logprobs']);
  if (!Array.isArray(content)) return undefined;
  return content.map((token) => asNumber(asJson(token)['logprob'])).filter((each) => each !== null);
}

const given = (values: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** OpenAI's models from o1 and GPT-5 on, which refuse the older name of the limit. */
const thinks = /^(o\d|gpt-([5-9]|[12]\d)(?!\d))/;

/** Chat completions of an (observed) OpenAI client. */
export function openaiChat(client: OpenAIClient): ChatVia {
  const via = async (input: ChatInput, how: TryOptions): Promise<ChatReply> => {
    const { model, maxTokens, temperature, signal, logprobs } = how;
    const limit = thinks.test(model) ? 'max_completion_tokens' : 'max_tokens';
    const system = input.system === undefined ? [] : [{ role: 'system', content: input.system }];
    const body = {
      model,
      messages: [...system, ...input.messages],
      ...given({ [limit]: maxTokens, temperature, stop: input.stop, logprobs: logprobs || undefined }),
    };
    const raw: unknown = await heard(client.chat.completions.create(body, requestOptions(signal)));
    const data = asJson(raw);
    const choice = asJson(Array.isArray(data['choices']) ? data['choices'][0] : undefined);
    const message = asJson(choice['message']);
    return new ChatReply({
      text: asText(message['content']) ?? '',
      finishReason: asText(choice['finish_reason']),
      isRefusal: asText(message['refusal']) !== undefined || choice['finish_reason'] === 'content_filter',
      model: asText(data['model']),
      usage: openaiUsage(data['usage']) ?? unknownUsage,
      logprobs: logprobsOf(choice),
      raw,
    });
  };
  return Object.assign(via, { server: serverOf(client, 'openai') });
}

/** Messages of an (observed) Anthropic client. */
export function anthropicMessages(client: AnthropicClient): ChatVia {
  const via = async (input: ChatInput, { model, maxTokens, temperature, signal }: TryOptions): Promise<ChatReply> => {
    const body = {
      model,
      messages: input.messages,
      max_tokens: maxTokens ?? anthropicMaxTokens,
      ...given({ system: input.system, temperature, stop_sequences: input.stop }),
    };
    const raw: unknown = await heard(client.messages.create(body, requestOptions(signal)));
    const data = asJson(raw);
    const blocks = Array.isArray(data['content']) ? data['content'].map(asJson) : [];
    return new ChatReply({
      text: blocks
        .filter((block) => block['type'] === 'text')
        .map((block) => asText(block['text']) ?? '')
        .join(''),
      finishReason: isCut(data['stop_reason']) ? 'length' : asText(data['stop_reason']),
      isRefusal: data['stop_reason'] === 'refusal',
      model: asText(data['model']),
      usage: anthropicUsage(asJson(data['usage'])) ?? unknownUsage,
      raw,
    });
  };
  return Object.assign(via, { server: serverOf(client, 'anthropic') });
}
