/** Recorded answers of any directory, through the real SDK: the same objects come out, with the usage they say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome } from '../trial.ts';
import { type Event, json, sse } from '../wire.ts';
import { read } from './promise.ts';

interface Recording {
  readonly name: string;
  /** Undefined: not an answer of these APIs. */
  readonly sdk: Dialect['sdk'] | undefined;
  /** The method it is an answer of. */
  readonly method: string;
  /** As the provider sends it. */
  readonly response: () => Response;
  readonly isStream: boolean;
  readonly isError: boolean;
  readonly payloads: readonly Event[];
}

const recordings = (directory: string): Recording[] =>
  filesBelow(directory)
    .filter((path) => /\.(json|txt|sse)$/.test(path))
    .map((path) => ({ name: relative(directory, path), ...recordingOf(path) }));

const filesBelow = (directory: string): string[] =>
  readdirSync(directory)
    .sort()
    .flatMap((entry) => {
      const path = join(directory, entry);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });

/** What is no JSON, some recordings have between their events; it is sent as it is, and read by nobody here. */
function parsed(text: string): Event {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordingOf(path: string): Omit<Recording, 'name'> {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) {
    const answer = parsed(text);
    const isError = answer?.error != null && answer.object === undefined;
    const [sdk, method] = isError ? errorOf(answer) : methodOf(answer);
    return {
      sdk,
      method,
      isStream: false,
      isError,
      payloads: [answer],
      response: () => json(text, isError ? 400 : 200),
    };
  }
  const isRaw = /^(data|event|id|retry)?:/m.test(text);
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.replace(/^data: ?/, '').trim())
    .filter((line) => line.startsWith('{'));
  const payloads = lines.map(parsed).filter((each) => each !== undefined);
  const first = payloads.find(({ type }) => type !== 'ping');
  const [sdk, method] = methodOf(first?.message ?? first?.response ?? first);
  const end = sdk === 'openai' && !isRaw ? {} : { end: '' };
  const framed = (line: string): string => {
    const type = parsed(line)?.type;
    return `${typeof type === 'string' ? `event: ${type}\n` : ''}data: ${line}\n\n`;
  };
  const response = (): Response => sse(isRaw ? [text] : lines.map(framed), end);
  return { sdk, method, isStream: true, isError: false, payloads, response };
}

function methodOf(answer: Event): [Dialect['sdk'], string] | [undefined, ''] {
  if (answer?.type === 'message') return ['anthropic', 'messages.create'];
  if (Array.isArray(answer?.choices)) {
    const [choice] = answer.choices;
    return ['openai', choice && 'text' in choice ? 'completions.create' : 'chat.completions.create'];
  }
  if (answer?.object === 'response' || Array.isArray(answer?.output)) return ['openai', 'responses.create'];
  if (answer?.object === 'list' && answer.data?.[0]?.embedding) return ['openai', 'embeddings.create'];
  if (Array.isArray(answer?.data) && (answer.data[0]?.b64_json || answer.data[0]?.url))
    return ['openai', 'images.generate'];
  if (typeof answer?.text === 'string' && (answer.usage ?? answer.duration ?? answer.segments) !== undefined)
    return ['openai', 'audio.transcriptions.create'];
  return [undefined, ''];
}

const errorOf = ({ type }: Event): [Dialect['sdk'], string] =>
  type === 'error' ? ['anthropic', 'messages.create'] : ['openai', 'chat.completions.create'];

export function replayChecks(dialect: Dialect, directory: string): Check[] {
  return recordings(directory)
    .filter(({ sdk = 'openai' }) => sdk === dialect.sdk)
    .map(
      ({ name, sdk, method, isStream, isError, payloads, response }): Check => ({
        group: 'usage',
        name,
        exempt() {
          if (sdk === undefined) return 'not an answer of these APIs';
          const isMissing = method === 'responses.create' && dialect.number < 4087;
          return isMissing ? 'this version has no responses' : undefined;
        },
        async run(trial) {
          const { spans } = await trial.same(response, (client) =>
            outcome(async () => {
              const [owner, last] = [method.split('.').slice(0, -1), method.split('.').at(-1) as string];
              const resource = owner.reduce((parent: Client, part) => parent[part], client);
              const answer = await resource[last]({
                ...dialect.body,
                ...(method.startsWith('audio')
                  ? { file: new File(['sound'], 'sound.wav') }
                  : { input: 'x', prompt: 'x', ...(isStream && { stream: true }) }),
              });
              return isStream ? await read(answer) : answer;
            }),
          );
          const { attributes } = spans.only;
          if (isError) {
            assert.equal(attributes['routescope.ending'], 'failed');
            const { code, type } = payloads[0].error;
            return assert.ok([code, type, '400'].includes(attributes['error.type']), String(attributes['error.type']));
          }
          const said = usageOf(payloads);
          if (said.isOdd) return undefined;
          if (said.input === undefined) return assert.equal(attributes['routescope.usage.source'], 'missing');
          assert.equal(attributes['routescope.usage.source'], isWhole(payloads) ? 'provider' : 'estimated');
          // Anthropic's iterations (compaction, advisors) come on top of what the answer says of itself.
          if (said.hasMore) assert.ok(Number(attributes['gen_ai.usage.input_tokens']) >= said.input);
          else assert.equal(attributes['gen_ai.usage.input_tokens'], said.input);
          if (said.output !== undefined && !said.hasMore)
            assert.equal(attributes['gen_ai.usage.output_tokens'], said.output);
          return undefined;
        },
      }),
    );
}

interface Said {
  readonly input?: number;
  readonly output?: number | undefined;
  readonly hasMore: boolean;
  /** Billed by the second. */
  readonly isOdd?: true;
}

/** The last word of the provider on its tokens, read as plainly as can be. */
function usageOf(payloads: readonly Event[]): Said {
  let usage: Event;
  for (const payload of payloads) {
    const said =
      payload.usage ??
      payload.x_groq?.usage ??
      payload.choices?.[0]?.usage ??
      payload.message?.usage ??
      payload.response?.usage;
    if (!said) continue;
    usage ??= {};
    for (const [field, value] of Object.entries(said)) if (value !== null) usage[field] = value;
  }
  if (usage?.type === 'duration' || (!usage && payloads[0]?.duration !== undefined))
    return { hasMore: false, isOdd: true };
  if (!usage) return { hasMore: false };
  const input = usage.prompt_tokens ?? usage.input_tokens;
  if (input === undefined) return { hasMore: false };
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  const details = usage.prompt_tokens_details ?? usage.input_tokens_details ?? {};
  const parts = (details.cached_tokens ?? usage.cached_tokens ?? 0) + (details.cache_write_tokens ?? 0);
  // Anthropic counts what is cached beside its input; others, where it is more than that.
  const isCachedBeside = usage.prompt_tokens === undefined && usage.cache_read_input_tokens !== undefined;
  const all = isCachedBeside
    ? input + cached
    : Math.max(parts, cached) > input
      ? input + Math.max(parts, cached)
      : input;
  return {
    input: all,
    output: outputOf(usage, payloads),
    hasMore: Array.isArray(usage.iterations) && usage.iterations.length > 0,
  };
}

/** With what was thought, where that is counted beside the answer: xAI, Perplexity, Gemini. */
function outputOf(usage: Event, payloads: readonly Event[]): number | undefined {
  const output = usage.completion_tokens ?? usage.output_tokens;
  const thought = usage.completion_tokens_details?.reasoning_tokens ?? usage.reasoning_tokens;
  const rest = (usage.total_tokens ?? 0) - (usage.prompt_tokens ?? 0) - (output ?? 0);
  if (usage.prompt_tokens === undefined) return output;
  if (thought > 0 && (thought === rest || thought > output)) return (output ?? 0) + thought;
  const isGemini = payloads.some(({ model }) => /gemini/.test(model));
  return isGemini && thought === undefined && rest > 0 ? (output ?? 0) + rest : output;
}

/** Whether a stream of messages has said how much came out; the others say all their usage at once. */
const isWhole = (payloads: readonly Event[]): boolean =>
  payloads[0]?.type !== 'message_start' || payloads.some(({ type, usage }) => type === 'message_delta' && usage);
