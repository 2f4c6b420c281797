/** APIs that take a text, or give one, without messages: completions, embeddings, images, audio, moderations. */
import { asText, type Json } from '../observe/facts.ts';
import {
  type ContentReader,
  grown,
  listOf,
  type Message,
  medium,
  nothingSaid,
  placeOf,
  text,
  textOf,
} from './schema.ts';

const texts = (value: unknown): Message[] =>
  (Array.isArray(value) ? value : [value]).flatMap((each) => {
    const parts = textOf(each);
    return parts.length > 0 ? [{ role: 'user', parts }] : [];
  });

const assistant = (content: string, finish_reason?: string): Message => ({
  role: 'assistant',
  parts: textOf(content),
  finish_reason,
});

const nothing = (): Message[] => [];

/** Takes a text named so in the request, and says nothing that is text. */
export const takes = (name: string): ContentReader => ({
  asked: (body) => ({ system: [], input: texts(body[name]), tools: [] }),
  answered: nothing,
  fold: nothingSaid,
});

/** OpenAI's completions, and Anthropic's old ones. */
export const completionsContent: ContentReader = {
  ...takes('prompt'),
  answered: (data) =>
    data['completion'] === undefined
      ? listOf(data['choices']).map((choice) =>
          assistant(asText(choice['text']) ?? '', asText(choice['finish_reason'])),
        )
      : [assistant(asText(data['completion']) ?? '', asText(data['stop_reason']))],
  fold() {
    const choices: string[] = [];
    return {
      chunk(chunk) {
        if (chunk['completion'] !== undefined) choices[0] = grown(choices[0], chunk['completion']);
        for (const choice of listOf(chunk['choices'])) {
          const index = placeOf(choice['index']);
          if (index !== undefined) choices[index] = grown(choices[index], choice['text']);
        }
      },
      output: () => choices.filter((each) => each !== undefined).map((each) => assistant(each)),
    };
  },
};

const imagesIn = (data: Json): Message[] => {
  const parts = listOf(data['data']).map((image) =>
    medium('image', { url: asText(image['url']), data: image['b64_json'] }),
  );
  return parts.length > 0 ? [{ role: 'assistant', parts }] : [];
};

export const imagesContent: ContentReader = { ...takes('prompt'), answered: imagesIn };

export const transcriptionsContent: ContentReader = {
  ...takes('prompt'),
  answered: (data) => spoken(typeof data === 'string' ? data : data['text']),
  fold() {
    let soFar: string | undefined;
    let whole: string | undefined;
    return {
      chunk(event) {
        if (event['type'] === 'transcript.text.done') whole = asText(event['text']);
        else soFar = grown(soFar, event['delta']);
      },
      output: () => spoken(whole ?? soFar),
    };
  },
};

const spoken = (value: unknown): Message[] =>
  typeof value === 'string' && value !== '' ? [{ role: 'assistant', parts: [text(value)] }] : [];
