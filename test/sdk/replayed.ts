/** Sends recorded answers through the vendors' own SDKs, whole, streamed and in odd forms, and tells what the spans say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { type Attributes, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe } from '@routescope/sdk';
import OpenAI from 'openai';
import { type Json, ownFixtures } from '../provider/fixtures.ts';
import type { Row } from './usage-golden.ts';

export const providers: string = join(ownFixtures, 'providers');

const exporter = new InMemorySpanExporter();

/** Registers a tracer provider of the test's own. */
export function recordSpans(): void {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
}

/** The attributes of the spans that have ended since it was asked last. */
export function finished(): Attributes[] {
  const spans = exporter.getFinishedSpans();
  exporter.reset();
  return spans.map(({ attributes }) => attributes);
}

/** The day of the price pages. */
const clock = (): number => Date.parse('2026-11-24T12:00:00Z');

const baseUrls: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  'azure.ai.openai': 'https://house.openai.azure.com/openai/v1',
  deepseek: 'https://api.deepseek.com/v1',
  'a gateway': 'https://gateway.example/v1',
  'gcp.gemini': 'https://generativelanguage.googleapis.com/v1beta/openai',
  groq: 'https://api.groq.com/openai/v1',
  mistral_ai: 'https://api.mistral.ai/v1',
  moonshot_ai: 'https://api.moonshot.ai/v1',
  x_ai: 'https://api.x.ai/v1',
};

export interface Recording {
  readonly payloads: readonly Json[];
  readonly isStream: boolean;
}

export function recordingOf(file: string): Recording {
  const text = readFileSync(join(providers, file), 'utf8');
  if (file.endsWith('.json')) return { payloads: [JSON.parse(text)], isStream: false };
  const lines = text.split('\n').map((line) => line.replace(/^data:\s*/, '').trim());
  return { payloads: lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)), isStream: true };
}

/** The lines of a stream as the provider sends them, each event with the empty line that ends it. */
export const framesOf = (method: Row[1], payloads: readonly Json[]): string[] =>
  payloads
    .map((each) => `${each.type ? `event: ${each.type}\n` : ''}data: ${JSON.stringify(each)}\n\n`)
    .concat(method === 'chat' || method === 'completions' ? 'data: [DONE]\n\n' : '');

/**
 * Sends the recording through the SDK's own method, reads the answer to its end, and gives the span's attributes.
 * @param body what is sent instead of the plain form, in the pieces in which it arrives
 * @param asked more of the request
 * @throws what the SDK throws on reading
 */
export async function replayed(
  row: Row,
  { payloads, isStream }: Recording,
  body?: readonly Uint8Array[],
  asked: object = {},
): Promise<Attributes> {
  const [, method, provider, model] = row;
  const plain = isStream ? framesOf(method, payloads).join('') : JSON.stringify(payloads[0]);
  const fetch = async (): Promise<Response> =>
    new Response(body ? ReadableStream.from(body) : plain, {
      headers: { 'content-type': isStream ? 'text/event-stream' : 'application/json' },
    });
  const settings = { apiKey: 'none-needed', fetch, maxRetries: 0 };
  const openai = observe(new OpenAI({ ...settings, baseURL: baseUrls[provider] }), { clock });
  const anthropic = observe(new Anthropic(settings), { clock });
  const stream = isStream;
  const messages = [{ role: 'user' as const, content: 'Recorded.' }];
  const ask = (): PromiseLike<unknown> => {
    switch (method) {
      case 'messages':
        // Another than answered; the SDK warns of models that are to be retired.
        return anthropic.messages.create({ model: 'asked-for', messages, max_tokens: 8, stream, ...asked });
      case 'chat':
        return openai.chat.completions.create({ model, messages, stream, ...asked });
      case 'completions':
        return openai.completions.create({ model, prompt: 'Recorded.', stream, ...asked });
      case 'responses':
        return openai.responses.create({ model, input: 'Recorded.', stream, ...asked });
      case 'transcription':
        return openai.audio.transcriptions.create({ model, file: new File(['sound'], 'sound.wav') });
    }
  };
  const answer = await ask();
  let problem: unknown;
  try {
    if (isStream) for await (const _ of answer as AsyncIterable<unknown>);
  } catch (error) {
    problem = error;
  }
  const spans = finished();
  // One recording is of a stream that the provider broke off with an error event.
  if (problem !== undefined && !payloads.some((each) => each.type === 'error')) throw problem;
  if (spans.length !== 1) throw new Error(`${spans.length} spans, not one`);
  return spans[0] as Attributes;
}

/** What a span says of tokens and money. */
export const account = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => /\.(usage|cost|nested)\.|service_tier/.test(name)));
