/** The methods that make inferences, by where they hang on the client, and who reads what they ask and answer. */
import { speech, transcriptions } from './apis/audio.ts';
import { chatCompletions } from './apis/chat-completions.ts';
import { anthropicCompletions, completions } from './apis/completions.ts';
import { decisions } from './apis/decisions.ts';
import { embeddings } from './apis/embeddings.ts';
import { images } from './apis/images.ts';
import { messages } from './apis/messages.ts';
import { moderations } from './apis/moderations.ts';
import { responses } from './apis/responses.ts';
import type { Api } from './facts.ts';

export interface Methods {
  /** Where they hang on the client: names with dots between. */
  readonly owner: string;
  readonly names: readonly string[];
  readonly api: Api;
  /** A stream says its usage only when asked (`stream_options.include_usage`). */
  readonly usageOnRequest?: true;
}

/**
 * Everything else of a client is left alone. Helpers (`parse`, `stream`, `runTools`, `toolRunner`, openai 4's
 * `beta.chat`) call these on the same client, once for each inference. A version that lacks one lacks its patch.
 */
export const methods: Readonly<Record<Api['kind'], readonly Methods[]>> = {
  openai: [
    { owner: 'chat.completions', names: ['create'], api: chatCompletions, usageOnRequest: true },
    { owner: 'responses', names: ['create', 'compact'], api: responses },
    { owner: 'beta.responses', names: ['create', 'compact'], api: responses },
    { owner: 'completions', names: ['create'], api: completions, usageOnRequest: true },
    { owner: 'embeddings', names: ['create'], api: embeddings },
    { owner: 'moderations', names: ['create'], api: moderations },
    { owner: 'images', names: ['generate', 'edit', 'createVariation'], api: images },
    { owner: 'audio.transcriptions', names: ['create'], api: transcriptions },
    { owner: 'audio.translations', names: ['create'], api: transcriptions },
    { owner: 'audio.speech', names: ['create'], api: speech },
    { owner: 'decisions', names: ['create'], api: decisions },
  ],
  anthropic: [
    { owner: 'messages', names: ['create'], api: messages },
    { owner: 'beta.messages', names: ['create'], api: messages },
    { owner: 'beta.promptCaching.messages', names: ['create'], api: messages },
    { owner: 'completions', names: ['create'], api: anthropicCompletions },
  ],
};

/** Helpers that make one inference after the other, until the model asks for no more tools. */
export const loops: Readonly<Record<Api['kind'], readonly Pick<Methods, 'owner' | 'names'>[]>> = {
  openai: [
    { owner: 'chat.completions', names: ['runTools'] },
    { owner: 'beta.chat.completions', names: ['runTools', 'runFunctions'] },
  ],
  anthropic: [{ owner: 'beta.messages', names: ['toolRunner'] }],
};

/** Looks at an answer that may go on in the background; no inference of their own. */
export const looks: Readonly<Record<Api['kind'], readonly Pick<Methods, 'owner' | 'names'>[]>> = {
  openai: ['responses', 'beta.responses'].map((owner) => ({ owner, names: ['retrieve', 'cancel'] })),
  anthropic: [],
};

/** What was inferred in a batch is seen when its results are read: an inference for each answer. */
export const results: Readonly<Record<Api['kind'], readonly Methods[]>> = {
  openai: [],
  anthropic: ['messages.batches', 'beta.messages.batches'].map((owner) => ({
    owner,
    names: ['results'],
    api: messages,
  })),
};
