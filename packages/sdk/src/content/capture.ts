/**
 * Keeps what was said on the inference's span, as far as the settings allow: nothing when they are off (then there is no
 * Capture at all). It fails closed: when reading, redacting or cutting goes wrong once, nothing more of this inference
 * is kept, and the failure is counted.
 */
import type { Attributes, Span } from '@opentelemetry/api';
import { asWord, type Json } from '../observe/facts.ts';
import { countFailure } from '../telemetry.ts';
import { fit } from './fit.ts';
import type { ContentFold, ContentReader, Message, Part } from './schema.ts';
import type { ContentSettings, Place } from './settings.ts';

export class Capture {
  readonly #reader: ContentReader;
  readonly #settings: ContentSettings;
  readonly #span: Span;
  #fold: ContentFold | undefined;
  #isClosed = false;

  constructor(reader: ContentReader, settings: ContentSettings, span: Span) {
    this.#reader = reader;
    this.#settings = settings;
    this.#span = span;
  }

  /** At the request, before the app can change what it holds. */
  asked(body: Json): void {
    this.#keep(() => {
      const { system, input, tools } = this.#reader.asked(body);
      const instructions = { role: 'system', parts: system };
      if (this.#settings.mode === 'metadata')
        return { ...about('system', [instructions]), ...about('input', input), ...about('tools', [toolList(tools)]) };
      return {
        ...this.#attribute('gen_ai.system_instructions', 'system', [instructions], ([first]) => first?.parts ?? []),
        ...this.#attribute('gen_ai.input.messages', 'input', input),
        ...this.#attribute('gen_ai.tool.definitions', 'tools', [toolList(tools)], ([first]) => first?.parts ?? []),
      };
    });
  }

  answered(data: Json): void {
    this.#keep(() => this.#output(this.#reader.answered(data)));
  }

  chunk(chunk: Json): void {
    if (this.#isClosed) return;
    try {
      this.#fold ??= this.#reader.fold();
      this.#fold.chunk(chunk);
    } catch {
      this.#close();
    }
  }

  /** A stream has come to its end, whoever ended it: what was read of it. */
  ended(): void {
    const fold = this.#fold;
    if (fold) this.#keep(() => this.#output(fold.output()));
  }

  #output(messages: readonly Message[]): Attributes {
    return this.#settings.mode === 'metadata'
      ? about('output', messages)
      : this.#attribute('gen_ai.output.messages', 'output', messages);
  }

  #keep(attributes: () => Attributes): void {
    if (this.#isClosed) return;
    try {
      this.#span.setAttributes(attributes());
    } catch {
      this.#close();
    }
  }

  #close(): void {
    this.#isClosed = true;
    this.#fold = undefined;
    countFailure();
  }

  #attribute(
    name: string,
    where: Place['in'],
    messages: readonly Message[],
    shape: (messages: readonly Message[]) => unknown = (all) => all,
  ): Attributes {
    if (messages.every(({ parts }) => parts.length === 0)) return {};
    const redacted = messages.map((message) => this.#redacted(message, where));
    const { json, isCut } = fit(redacted, this.#settings.maxBytes, where, shape);
    return isCut ? { [name]: json, 'routescope.content.is_cut': true } : { [name]: json };
  }

  #redacted({ role, parts, ...rest }: Message, where: Place['in']): Message {
    const { redact } = this.#settings;
    if (redact === undefined) return { role, parts, ...rest };
    const clean = (text: string, type: string): string => {
      const kept: unknown = redact(text, { in: where, role, type });
      if (typeof kept === 'string') return kept;
      // A promise that nobody waits for must not reject unheard, either.
      if (kept instanceof Promise) kept.catch(() => {});
      throw new TypeError('the redactor gave no string');
    };
    const cleanPart = (part: Part): Part => {
      const copy: Record<string, unknown> = { ...part };
      for (const name of contentNames) if (typeof part[name] === 'string') copy[name] = clean(part[name], part.type);
      return copy as unknown as Part;
    };
    return { role, parts: parts.map(cleanPart), ...rest };
  }
}

/** The names of a part that hold what somebody said; the others are types, ids and names of tools. */
const contentNames = ['content', 'arguments', 'response', 'uri', 'description', 'parameters'] as const;

const toolList = (parts: readonly Part[]): Message => ({ role: 'system', parts });

/** Longer than any API lets a tool's name be, or no name at all: that a model has made up. */
const asTool = (name: string): string => (/^[\w./:-]{1,128}$/.test(name) ? name : '_other');

/** Who spoke, in which kinds of parts, how many bytes, which tools: not a word of it. */
function about(where: Place['in'], messages: readonly Message[]): Attributes {
  const parts = messages.flatMap((message) => message.parts);
  if (parts.length === 0) return {};
  const bytes = parts.reduce((sum, part) => {
    for (const name of contentNames) if (typeof part[name] === 'string') sum += Buffer.byteLength(part[name]);
    return sum;
  }, 0);
  const tools = [...new Set(parts.flatMap(({ name }) => (typeof name === 'string' ? [asTool(name)] : [])))];
  const isSpoken = where === 'input' || where === 'output';
  return {
    [`routescope.content.${where}.bytes`]: bytes,
    [`routescope.content.${where}.parts`]: [...new Set(parts.map(({ type }) => asWord(type)))],
    ...(isSpoken && { [`routescope.content.${where}.messages`]: messages.length }),
    ...(tools.length > 0 && { [`routescope.content.${where}.tools`]: tools.slice(0, 64) }),
  };
}
