/**
 * What is cut out of the bytes before anything is written: attributes that are known to hold content, and those nobody
 * knows that look like it. The order: denied by configuration, allowed by configuration, known content, the look.
 */

import { isMessage, isText, looksLikeContent, shortBytes } from './look.ts';
import { type Matcher, matcher } from './match.ts';
import { contentNames, plainNames } from './names.ts';

export interface RedactOptions {
  /** Names that stay whatever they hold; patterns as in `match.ts`. `status.message`, `span.name` … are names too. */
  readonly allow?: readonly string[];
  /** Names that go whatever they hold. */
  readonly deny?: readonly string[];
}

/** Texts that are no attributes, as they are called where something is allowed or denied. */
const textNames = ['span.name', 'event.name', 'scope.name', 'scope.version', 'trace.state', 'severity.text'] as const;
export type TextName = (typeof textNames)[number];

/** What is decided about a name: it goes, it stays, or its value is looked at (`plain`: only for messages). */
type Verdict = 'cut' | 'keep' | 'look' | 'plain';

interface Known {
  readonly length: number;
  /** The key's bytes, four at a time; the last four stand in `tail`, over what `words` has of them already. */
  readonly words: Int32Array;
  readonly tail: number;
  readonly verdict: Verdict;
  /** What a cut is counted under. */
  readonly name: string;
  /** The key that came after this one the last time, and the one before that: spans of two kinds take turns. */
  next: Known | undefined;
  other: Known | undefined;
}

const maxKeyBytes = 128;
const maxKnown = 4_096;
const mask = 2 * maxKnown - 1;

export class Redactor {
  /** What a field that nobody knows is cut under: a later version of the protocol may keep content in it. */
  readonly unknownField = '(a field that is not known)';
  readonly #denied: Matcher;
  readonly #allowed: Matcher;
  readonly #content = matcher(contentNames);
  readonly #plain = matcher(plainNames);
  /** What was decided about the keys that came; open addressing, emptied when full. */
  readonly #slots: (Known | undefined)[] = Array.from({ length: mask + 1 }, () => undefined);
  #count = 0;
  /** Spans of one kind send the same keys in the same order: the next is guessed before it is looked up. */
  #last: Known;
  readonly #status: Verdict;
  readonly #texts: Readonly<Record<TextName, Known>>;

  constructor({ allow = [], deny = [] }: RedactOptions = {}) {
    this.#denied = matcher(deny);
    this.#allowed = matcher(allow);
    this.#last = this.#decide('');
    this.#status = this.#decide('status.message').verdict;
    this.#texts = Object.fromEntries(textNames.map((name) => [name, this.#decide(name)])) as Record<TextName, Known>;
  }

  /**
   * Should the attribute go?
   * @param view over the same bytes
   * @param key bounds of its key
   * @param value bounds of its AnyValue
   * @returns the name to count it under, undefined when it stays.
   */
  attribute(
    bytes: Uint8Array,
    view: DataView,
    key: number,
    keyEnd: number,
    value: number,
    valueEnd: number,
  ): string | undefined {
    const length = keyEnd - key;
    const guess = this.#last.next;
    const known =
      guess !== undefined && guess.length === length && isSame(guess, view, key)
        ? guess
        : this.#find(view, key, length);
    this.#last = known;
    const { verdict } = known;
    if (verdict === 'keep') return undefined;
    if (verdict === 'cut') return known.name;
    // As most values are: a number, a truth, or a text too short to be long that is no JSON.
    const tag = bytes[value] as number;
    if (tag === 0x18 || tag === 0x10 || tag === 0x21 || valueEnd - value < 3) return undefined;
    if (tag === 0x0a && valueEnd - value < shortBytes && value + 2 + (bytes[value + 1] as number) === valueEnd) {
      const first = bytes[value + 2] as number;
      if (first > 0x20 && first < 0x80 && first !== 0x7b && first !== 0x5b && first !== 0x28 && first !== 0x22)
        return undefined;
    }
    return looksLikeContent(bytes, value, valueEnd, verdict === 'plain', this.#content) ? known.name : undefined;
  }

  /** The same for a text that is no attribute. */
  text(what: TextName, bytes: Uint8Array, start: number, end: number): string | undefined {
    const { verdict } = this.#texts[what];
    if (verdict === 'cut') return what;
    if (verdict === 'keep' || end - start < shortBytes) return undefined;
    return isText(bytes, start, end) || isMessage(bytes, start, end) ? what : undefined;
  }

  /** How many bytes of a status message stay: what stands before anything that may be quoted. */
  statusBytes(bytes: Uint8Array, start: number, end: number): number {
    if (this.#status === 'keep') return end - start;
    return this.#status === 'cut' ? 0 : plainHead(bytes, start, end);
  }

  #find(view: DataView, key: number, length: number): Known {
    if (length > maxKeyBytes) return tooLong;
    const last = this.#last;
    const { next, other } = last;
    if (other !== undefined && other.length === length && isSame(other, view, key)) {
      last.other = next;
      last.next = other;
      return other;
    }
    let hash = length;
    for (let at = key; at < key + length; at++) hash = (Math.imul(hash, 31) + view.getUint8(at)) | 0;
    let slot = hash & mask;
    let found = this.#slots[slot];
    while (found !== undefined && !(found.length === length && isSame(found, view, key))) {
      slot = (slot + 1) & mask;
      found = this.#slots[slot];
    }
    if (found === undefined) {
      found = this.#decide(Buffer.from(view.buffer, view.byteOffset + key, length).toString('latin1'));
      if (this.#count++ >= maxKnown) {
        this.#slots.fill(undefined);
        this.#count = 0;
      } else this.#slots[slot] = found;
    }
    if (last !== tooLong) {
      last.other = next;
      last.next = found;
    }
    return found;
  }

  #decide(key: string): Known {
    const isAllowed = this.#allowed(key) !== undefined;
    const cut = this.#denied(key) ?? (isAllowed ? undefined : this.#content(key));
    const otherwise = isAllowed ? 'keep' : this.#plain(key) === undefined ? 'look' : 'plain';
    return knownOf(key, cut === undefined ? otherwise : 'cut', cut ?? countable(key));
  }
}

function knownOf(key: string, verdict: Verdict, name: string): Known {
  const bytes = Buffer.concat([Buffer.from(key, 'latin1'), Buffer.alloc(3)]);
  const words = Int32Array.from({ length: key.length >> 2 }, (_, index) => bytes.readInt32LE(index * 4));
  const tail = key.length >= 4 ? bytes.readInt32LE(key.length - 4) : key.length > 0 ? bytes.readUInt32LE(0) : 0;
  return { length: key.length, words, tail, verdict, name, next: undefined, other: undefined };
}

const tooLong = knownOf('', 'cut', `(a name of more than ${maxKeyBytes} bytes)`);

/** Are these the bytes of the known key, which is as long? */
function isSame({ length, words, tail }: Known, view: DataView, key: number): boolean {
  for (let index = 0; index < words.length; index++)
    if (view.getInt32(key + index * 4, true) !== words[index]) return false;
  if (length >= 4) return view.getInt32(key + length - 4, true) === tail;
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + view.getUint8(key + index);
  return value === tail;
}

const maxHeadBytes = 100;

/** Bytes up to the first line end, bracket, quote or colon; none when that is already a long text. */
function plainHead(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (at - start > maxHeadBytes) return 0;
    if ('\n:{["\'`(<'.includes(String.fromCharCode(bytes[at] as number))) return at - start;
  }
  return end - start;
}

/** The name as it may stand in a metric: numbered parts as one, nothing that could itself be content. */
function countable(key: string): string {
  const name = key.replace(/(?<=^|\.)\d+(?=\.|$)/g, '#');
  return /^[\w.#:/-]{1,80}$/.test(name) ? name : '(a name that is no identifier)';
}
