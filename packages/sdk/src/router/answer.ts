/** What an attempt brought back, as far as a validator and the spans need to know it. */
import type { Usage } from '@routescope/conventions';

/** The answer of an adapter: one small form for every provider. */
export class ChatReply {
  readonly text: string;
  /** `length` when the model was cut off, whatever the provider calls it. */
  readonly finishReason: string | undefined;
  /** The provider or the model declined. */
  readonly isRefusal: boolean;
  readonly model: string | undefined;
  readonly usage: Usage;
  /** Of the answer's tokens, where they were asked for. */
  readonly logprobs: readonly number[] | undefined;
  /** The provider's own answer. */
  readonly raw: unknown;

  constructor(reply: Omit<ChatReply, 'logprobs'> & { readonly logprobs?: readonly number[] | undefined }) {
    this.text = reply.text;
    this.finishReason = reply.finishReason;
    this.isRefusal = reply.isRefusal;
    this.model = reply.model;
    this.usage = reply.usage;
    this.logprobs = reply.logprobs;
    this.raw = reply.raw;
  }
}

export interface Read {
  /** What the validator looks at. */
  readonly text: string | undefined;
  readonly isRefusal: boolean;
  readonly isTruncated: boolean;
}

/** Anthropic's reasons for an answer that is not whole: the limit of the request, or of the model. */
export const isCut = (stopReason: unknown): boolean =>
  stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded';

// biome-ignore lint/suspicious/noExplicitAny: told apart by shape.
type Internal = any;

/** Text, refusal and truncation of an adapter's reply, of an OpenAI or Anthropic answer, or of a text. */
export function read(value: unknown): Read {
  if (value instanceof ChatReply) {
    return { text: value.text, isRefusal: value.isRefusal, isTruncated: value.finishReason === 'length' };
  }
  if (typeof value === 'string') return { text: value, isRefusal: false, isTruncated: false };
  const answer = value as Internal;
  const choice = Array.isArray(answer?.choices) ? answer.choices[0] : undefined;
  if (choice?.message) {
    return {
      text: typeof choice.message.content === 'string' ? choice.message.content : undefined,
      isRefusal: Boolean(choice.message.refusal) || choice.finish_reason === 'content_filter',
      isTruncated: choice.finish_reason === 'length',
    };
  }
  if (answer?.type === 'message' && Array.isArray(answer.content)) {
    const texts = answer.content
      .filter((block: Internal) => block?.type === 'text')
      .map((block: Internal) => block.text);
    return {
      text: texts.join(''),
      isRefusal: answer.stop_reason === 'refusal',
      isTruncated: isCut(answer.stop_reason),
    };
  }
  return answer?.object === 'response'
    ? readResponse(answer)
    : { text: undefined, isRefusal: false, isTruncated: false };
}

/** OpenAI's responses: an answer is the messages among what came out. */
function readResponse({ output, incomplete_details: details }: Internal): Read {
  const items: Internal[] = Array.isArray(output) ? output : [];
  const parts: Internal[] = items.flatMap((item) => (Array.isArray(item?.content) ? item.content : []));
  const texts = parts.filter((part) => part?.type === 'output_text').map((part) => part.text);
  return {
    text: texts.length > 0 ? texts.join('') : undefined,
    isRefusal: details?.reason === 'content_filter' || parts.some((part) => part?.type === 'refusal'),
    isTruncated: details?.reason === 'max_output_tokens',
  };
}
