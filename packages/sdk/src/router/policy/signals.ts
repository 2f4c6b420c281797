/** What a policy may look at before anything is asked. Nothing of it leaves the process. */

/** What the app says of a call beside its input. */
export interface RouteSignals {
  /** Where in the product. On every span of the call. */
  readonly feature?: string;
  /** Which group of users: `free`, `paid`. On every span of the call. */
  readonly userSegment?: string;
  /** Relevance of what retrieval found, 0 to 1 each. */
  readonly retrievalScores?: readonly number[];
  /** The answer has to follow a schema. */
  readonly structured?: boolean;
  /** The text to judge by; else the last message of the user. */
  readonly text?: string;
}

/** Longer texts are judged by their beginning. */
const maxText = 32_768;

const codePattern =
  /```|^\s*(?:(?:export|async|public|private|static)\s+)*(?:def \w+|class \w+|function\b|import [\w{*'"]|from \w+ import |const \w+\s*=|#include\b|SELECT .+ FROM )/m;

/** The signals of one call; what takes work is found out once, when a rule asks. */
export class Signals {
  readonly tag: string;
  readonly feature: string | undefined;
  readonly userSegment: string | undefined;
  readonly retrievalScores: readonly number[];
  readonly structured: boolean;
  readonly text: string;
  #words: number | undefined;
  #hasCode: boolean | undefined;
  #lower: string | undefined;

  constructor(tag: string, input: unknown, said: RouteSignals = {}) {
    this.tag = tag;
    this.feature = said.feature;
    this.userSegment = said.userSegment;
    this.retrievalScores = said.retrievalScores ?? [];
    this.structured = said.structured ?? false;
    this.text = (said.text ?? lastUserText(input)).slice(0, maxText);
  }

  get words(): number {
    this.#words ??= countWords(this.text);
    return this.#words;
  }

  get hasCode(): boolean {
    this.#hasCode ??= codePattern.test(this.text);
    return this.#hasCode;
  }

  get lower(): string {
    this.#lower ??= this.text.toLowerCase();
    return this.#lower;
  }

  /** The best of the retrieved chunks; undefined when nothing was retrieved. */
  get retrievalScore(): number | undefined {
    return this.retrievalScores.length === 0 ? undefined : Math.max(...this.retrievalScores);
  }
}

export function countWords(text: string): number {
  let words = 0;
  for (const _ of text.matchAll(/\S+/g)) words++;
  return words;
}

function lastUserText(input: unknown): string {
  const messages = (input as { messages?: unknown } | null)?.messages;
  if (!Array.isArray(messages)) return '';
  const content = messages.findLast((message) => message?.role === 'user')?.content;
  return typeof content === 'string' ? content : '';
}
