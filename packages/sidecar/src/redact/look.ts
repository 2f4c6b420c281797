/** What content looks like when its name is not known: a long text, or JSON in the shape of messages. */

/** A text of more bytes is content. */
const longBytes = 256;
/** So is one of more words; a script that writes no spaces has its bytes counted instead. */
const manyWords = 16;
const bytesOfAWord = 6;
/** Shorter ones are no text, whatever stands in them. */
export const shortBytes = 48;
const maxDepth = 16;
/** JSON beyond that is not searched but taken for content. */
const tooLongToRead = 64 * 1024;

const nouns =
  'contents?|parts|texts?|messages?|prompts?|completions?|inputs?|outputs?|query|questions?|answers?|instructions?|arguments|args|kwargs|tool_?calls|function_?call|reasoning|thinking|thoughts?|transcript|documents?|passages?|snippets?|history';
/** Keys that messages, prompts and answers have in the providers' and the conventions' JSON, alone or as last part: `user_message`. */
const keys = `role|system|human|assistant|response|result|(?:[a-z0-9_.-]*[_.-])?(?:${nouns})|[a-z]+(?:${capitalized(nouns)})`;
const noContent = String.raw`(?:-?[\d.]+(?:e[+-]?\d+)?|true|false|null|none|undefined)\s*(?:[,}\])\\"']|$)`;
/** Such a key, quoted, escaped or bare (as a language prints its own values), before anything but a number or a truth. */
const messageKey = new RegExp(String.raw`(?:^|[\s{[(,\\"'])(?:${keys})\\*["']?\s*:(?!\s*${noContent})`, 'i');

function capitalized(alternatives: string): string {
  return alternatives.replace(/(?<=^|\|)./g, (first) => first.toUpperCase());
}

/**
 * @param start bounds of an AnyValue
 * @param plain the name may hold long text
 * @param known says which names hold content; asked for the keys of nested values
 */
export function looksLikeContent(
  bytes: Uint8Array,
  start: number,
  end: number,
  plain: boolean,
  known: (name: string) => string | undefined,
  depth = 0,
): boolean {
  if (depth > maxDepth) return true;
  let at = start;
  let textBytes = 0;
  /** Reads the varint at `at`; broken framing reads as content, so that it is cut. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < end && scale <= 2 ** 28; scale *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < end) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) {
      while (at < end && (bytes[at] as number) >= 0x80) at++;
      at++;
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint() : Number.NaN;
    const from = at;
    at += length;
    if (Number.isNaN(at) || at > end) return true;
    switch (tag >> 3) {
      case 1: // string_value
      case 7: // bytes_value
        textBytes += length;
        if ((!plain && isText(bytes, from, at)) || isMessage(bytes, from, at)) return true;
        break;
      case 5: // array_value: values = 1
      case 6: // kvlist_value: values = 1
        if (!plain && length > 2 * longBytes) return true;
        if (itemsLookLikeContent(bytes, from, at, tag >> 3 === 6, plain, known, depth + 1)) return true;
        break;
      case 4: // double_value
        break;
      default:
        return true; // no value that is known today
    }
  }
  return !plain && textBytes > longBytes;
}

function itemsLookLikeContent(
  bytes: Uint8Array,
  start: number,
  end: number,
  pairs: boolean,
  plain: boolean,
  known: (name: string) => string | undefined,
  depth: number,
): boolean {
  return anyField(bytes, start, end, (_, from, to) => {
    if (!pairs) return looksLikeContent(bytes, from, to, plain, known, depth);
    return anyField(bytes, from, to, (number, partFrom, partTo) => {
      if (number === 2) return looksLikeContent(bytes, partFrom, partTo, plain, known, depth);
      if (number !== 1 || isText(bytes, partFrom, partTo)) return true;
      const key = latin1(bytes, partFrom, partTo);
      return known(key) !== undefined || messageKey.test(`"${key}":`);
    });
  });
}

/** Does it hold for one of the length-delimited fields of a message? It does where the message is broken. */
function anyField(
  bytes: Uint8Array,
  start: number,
  end: number,
  holds: (number: number, start: number, end: number) => boolean,
): boolean {
  for (let at = start; at < end; ) {
    const tag = bytes[at++] as number;
    if ((tag & 7) !== 2 || tag >= 0x80) return true;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= end || scale > 2 ** 28) return true;
      const byte = bytes[at++] as number;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (at + length > end || holds(tag >> 3, at, at + length)) return true;
    at += length;
  }
  return false;
}

/** Is it long, in bytes or in words? */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length > longBytes) return true;
  if (length < shortBytes) return false;
  let words = 1;
  let wide = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x20 || byte === 0x0a) words++;
    else if (byte >= 0x80) wide++;
  }
  return words + wide / bytesOfAWord > manyWords;
}

const openers = new Set([...'{[("'].map((character) => character.charCodeAt(0)));

/** Is it JSON (or a language's own idea of it) with the keys that messages have, alone or somewhere in a longer text? */
export function isMessage(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && ((bytes[at] as number) <= 0x20 || (bytes[at] as number) >= 0x80)) at++;
  if (!openers.has(bytes[at] as number)) {
    if (end - start < shortBytes) return false;
    const brace = bytes.subarray(at, end).indexOf(0x7b);
    if (brace < 0) return false;
    at += brace;
  }
  if (end - at > tooLongToRead) return true;
  const text = latin1(bytes, at, end);
  return messageKey.test(text.includes('\\') ? unescaped(text) : text);
}

/** With the letters that are written as their numbers: `\u0072ole`. */
const unescaped = (text: string): string =>
  text.replace(/\\(?:u00|x)([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
