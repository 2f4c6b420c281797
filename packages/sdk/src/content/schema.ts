/**
 * What was said, in the message schema of the GenAI conventions. One reader per API turns a request and its answer into
 * it; nothing here decides whether any of it may be kept (`settings.ts`) or how much (`capture.ts`).
 */
import { asText, type Json } from '../observe/facts.ts';

/** `text{content}`, `tool_call{id,name,arguments}`, `tool_call_response{id,response}`, `reasoning{content}`, `uri` … */
export interface Part {
  readonly type: string;
  readonly [name: string]: unknown;
}

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly finish_reason?: string | undefined;
}

/** What was asked. */
interface Asked {
  /** Instructions that are sent apart from the messages. */
  readonly system: readonly Part[];
  readonly input: readonly Message[];
  /** Definitions of the tools the model may call. */
  readonly tools: readonly Part[];
}

/** Takes the chunks of a stream one after the other. */
export interface ContentFold {
  chunk(chunk: Json): void;
  output(): Message[];
}

export interface ContentReader {
  asked(body: Json): Asked;
  answered(data: Json): Message[];
  fold(): ContentFold;
}

export const text = (content: string): Part => ({ type: 'text', content });
export const textOf = (value: unknown): Part[] => (typeof value === 'string' && value !== '' ? [text(value)] : []);

/** Arguments and results of tools are kept as JSON text: so a redactor sees all of them. */
export const jsonText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value ?? null) ?? 'null');

export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

/** Something that is not text: where it is, or how large. Its bytes are never kept. */
export function medium(modality: string, { url, id, data, mime }: Medium): Part {
  const kept = { modality, mime_type: asText(mime) };
  const [, inline] = /^data:[^,]*,(.*)$/s.exec(url ?? '') ?? [];
  if (inline !== undefined) return { type: 'blob', ...kept, base64_length: inline.length };
  if (url !== undefined) return { type: 'uri', ...kept, uri: url };
  if (id !== undefined) return { type: 'file', ...kept, file_id: id };
  return { type: 'blob', ...kept, base64_length: asText(data)?.length ?? 0 };
}

interface Medium {
  readonly url?: string | undefined;
  readonly id?: string | undefined;
  readonly data?: unknown;
  readonly mime?: unknown;
}

/** Text that grows piece by piece, up to a bound that no honest answer reaches. */
export const grown = (soFar: string | undefined, piece: unknown): string =>
  typeof piece !== 'string' || (soFar?.length ?? 0) > 1_000_000 ? (soFar ?? '') : (soFar ?? '') + piece;

/** Where a piece belongs, counted from 0; undefined beyond what any answer has, which would fill the memory. */
export function placeOf(index: unknown): number | undefined {
  const place = index ?? 0;
  return Number.isInteger(place) && (place as number) >= 0 && (place as number) < 1_024 ? (place as number) : undefined;
}

/** For APIs that answer whole. */
export const nothingSaid = (): ContentFold => ({ chunk() {}, output: () => [] });
