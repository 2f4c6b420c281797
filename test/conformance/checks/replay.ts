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
          assert.equal(attributes['routescope.usage.source'], 'provider');
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
  readonly output?: number;
  readonly hasMore: boolean;
  /** Billed by the second. */
  readonly isOdd?: true;
}

/** The last word of the provider on its tokens, read as plainly as can be. */
function usageOf(payloads: readonly Event[]): Said {
  let usage: Event;
  for (const payload of payloads) {
    const said = payload.usage ?? payload.x_groq?.usage ?? payload.message?.usage ?? payload.response?.usage;
    if (!said) continue;
    usage ??= {};
    for (const [field, value] of Object.entries(said)) if (value !== null) usage[field] = value;
  }
  if (!usage) return { hasMore: false };
  const input = usage.prompt_tokens ?? usage.input_tokens;
  if (usage.type === 'duration') return { hasMore: false, isOdd: true };
  if (input === undefined) return { hasMore: false };
  const output = usage.completion_tokens ?? usage.output_tokens;
  const beside = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  const isBeside = beside > 0 && usage.total_tokens === input + output + beside;
  return {
    input: input + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    output: isBeside ? output + beside : output,
    hasMore: Array.isArray(usage.iterations) && usage.iterations.length > 0,
  };
}
