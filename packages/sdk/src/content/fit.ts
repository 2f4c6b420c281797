/** Makes messages fit into so many bytes of JSON, and leaves it JSON: longest texts are cut first, then messages go. */
import type { Message } from './schema.ts';
import type { Place } from './settings.ts';

export interface Fitted {
  readonly json: string;
  readonly isCut: boolean;
}

/** Below this, a text says nothing any more: then whole messages are left out. */
const shortest = 64;

export function fit(
  messages: readonly Message[],
  maxBytes: number,
  where: Place['in'],
  shape: (messages: readonly Message[]) => unknown,
): Fitted {
  let kept = messages;
  for (let longest = maxBytes; ; longest = Math.floor(longest / 2)) {
    const cut = longest === maxBytes ? kept : kept.map((message) => shortened(message, longest));
    // Not worth making JSON of what is longer already.
    if (lengthOf(cut) <= maxBytes) {
      const json = JSON.stringify(shape(cut));
      if (Buffer.byteLength(json) <= maxBytes) return { json, isCut: cut !== messages };
    }
    if (longest > shortest) continue;
    // Of what was asked the end matters most, of an answer its beginning; of one message, the parts at its end go.
    const half = Math.floor(kept.length / 2);
    if (half > 0) kept = where === 'input' ? kept.slice(-half) : kept.slice(0, half);
    else {
      const [only] = kept;
      if (only === undefined || only.parts.length === 0) return { json: '[]', isCut: true };
      kept = [{ ...only, parts: only.parts.slice(0, Math.floor(only.parts.length / 2)) }];
    }
    longest = maxBytes;
  }
}

function shortened(message: Message, longest: number): Message {
  return {
    ...message,
    parts: message.parts.map((part) => {
      const copy: Record<string, unknown> = { ...part };
      for (const [name, value] of Object.entries(part))
        if (name !== 'type' && typeof value === 'string' && value.length > longest)
          copy[name] = cutText(value, longest);
      return copy as unknown as typeof part;
    }),
  };
}

function cutText(value: string, longest: number): string {
  // Never between the two halves of a character.
  const end = /[\uD800-\uDBFF]/.test(value.charAt(longest - 1)) ? longest - 1 : longest;
  return `${value.slice(0, end)}…`;
}

const lengthOf = (messages: readonly Message[]): number =>
  messages.reduce(
    (sum, { parts }) =>
      sum +
      parts.reduce(
        (all, part) =>
          all +
          Object.values(part).reduce<number>(
            (chars, value) => chars + (typeof value === 'string' ? value.length : 0),
            0,
          ),
        0,
      ),
    0,
  );
