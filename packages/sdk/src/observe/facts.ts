/** What a provider's request and answer say about an inference, without their content. One implementation per API. */
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { type Served, type Usage, unknownUsage } from '@routescope/conventions';
import type { ContentReader } from '../content/schema.ts';

/** What an answer, or the chunks of one so far, tell. */
export interface AnswerFacts {
  readonly id: string | undefined;
  readonly model: string | undefined;
  /** As the provider says them, one per choice. */
  readonly finishReasons: readonly string[];
  readonly usage: Usage;
  /** The usage is the provider's last word, not what was known when a stream was interrupted. */
  readonly isUsageFinal: boolean;
  /** The provider goes on with it, whether or not anybody listens. */
  readonly isUnderWay?: boolean;
  /** How it was served, as far as prices go by it; absent: in the standard way. */
  readonly served?: Served | undefined;
}

/** Takes the chunks of a stream one after the other. */
export interface Fold {
  chunk(chunk: unknown): void;
  facts(): AnswerFacts;
}

/** Nothing is known of the answer. */
export const nothingKnown: AnswerFacts = Object.freeze({
  id: undefined,
  model: undefined,
  finishReasons: [],
  usage: unknownUsage,
  isUsageFinal: false,
});

/** For APIs that answer whole: takes any chunk and learns nothing. */
export const noFold = (): Fold => ({ chunk() {}, facts: () => nothingKnown });

export interface Api {
  readonly kind: 'openai' | 'anthropic';
  /** `gen_ai.operation.name` */
  readonly operation: string;
  /** Says `gen_ai.request.*` and other parameters; absent ones are left out. */
  sayRequest(said: Attributes, body: Json): void;
  answer(data: Json): AnswerFacts;
  fold(): Fold;
  /** Reads what was said, for who asked for that by name. */
  readonly content: ContentReader;
}

export type Json = Readonly<Record<string, unknown>>;

const nothing: Json = Object.freeze({});
export const asJson = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : nothing;
export const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
/** A count of tokens or calls: whole and not negative, or nobody said it. */
export const asTokens = (value: unknown): number | null =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
/** The same, undefined when nobody said it. */
export const asCount = (value: unknown): number | undefined => asTokens(value) ?? undefined;
/** Input with what of it was cached. Where parts are more than the whole, they were counted beside it: as Anthropic counts. */
export const withCache = (input: number | null, read: number | null, written: number | null): number | null => {
  const cached = (read ?? 0) + (written ?? 0);
  return input !== null && cached > input ? input + cached : input;
};
export const asNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** A word: one of a provider's list, a code, a class. Told from anything else that may stand there: a sentence, a quote. */
export function isWord(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  if (knownWords.has(text)) return true;
  if (!/^[\w$.:-]{1,64}$/.test(text)) return false;
  if (knownWords.size < mostWords) knownWords.add(text);
  return true;
}
/** The few that come again and again: the expression takes ten times as long as looking one up. */
const knownWords = new Set<string>();
const mostWords = 1_000;

export const asWord = (text: string): string => (isWord(text) ? text : other);
const other = '_other';

/** An id or the name of a model. Not by `includes`, which V8 has no code of its own for. */
const isName = (text: string): boolean => text.length <= 256 && text.indexOf('\n') === -1 && text.indexOf('\r') === -1;

/** The same facts, of which none is a text that somebody said: whoever answers may put anything anywhere. */
export function withoutTexts(facts: AnswerFacts): AnswerFacts {
  const { id = '', model = '', finishReasons, served } = facts;
  // As nearly always: no copy.
  if (isName(id) && isName(model) && finishReasons.every(isWord) && (served === undefined || areWords(served)))
    return facts;
  return {
    ...facts,
    id: isName(id) ? facts.id : undefined,
    model: isName(model) ? facts.model : undefined,
    finishReasons: finishReasons.map(asWord),
    served: served && {
      ...served,
      tier: served.tier && asWord(served.tier),
      region: served.region && asWord(served.region),
    },
  };
}

const areWords = ({ tier, region }: Served): boolean =>
  (tier === undefined || isWord(tier)) && (region === undefined || isWord(region));

/** Attributes of which only those with a usable value stay. */
export function present(attributes: Readonly<Record<string, unknown>>): Attributes {
  const kept: Attributes = {};
  for (const name in attributes) say(kept, name, attributes[name]);
  return kept;
}

/** Adds an attribute, if its value is usable. */
export function say(said: Attributes, name: string, value: unknown): void {
  if (value === undefined) return;
  const isPlain =
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
  const isList = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
  if (isPlain || isList) said[name] = value as AttributeValue;
}
