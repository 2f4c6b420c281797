/** Recorded answers of any directory, through the real SDK: the same objects come out, with the usage they say. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome } from '../trial.ts';
import { type Event, json, type Script, sse } from '../wire.ts';
import { read } from './promise.ts';

interface Recording {
  readonly name: string;
  readonly sdk: Dialect['sdk'];
  /** The method it is an answer of. */
  readonly method: string;
  readonly isStream: boolean;
  readonly payloads: readonly Event[];
}

function recordings(directory: string): Recording[] {
  return filesBelow(directory).flatMap((path) => {
    const name = relative(directory, path);
    try {
      const found = classify(path);
      return found ? [{ name, ...found }] : [];
    } catch {
      return []; // no recording of ours
    }
  });
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory)
    .sort()
    .flatMap((entry) => {
      const path = join(directory, entry);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });

function classify(path: string): Omit<Recording, 'name'> | undefined {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) {
    const answer: Event = JSON.parse(text);
    const [sdk, method] = methodOf(answer);
    return sdk && { sdk, method, isStream: false, payloads: [answer] };
  }
  if (!/\.(txt|sse)$/.test(path)) return undefined;
  const payloads = text
    .split('\n')
    .map((line) => line.replace(/^data:\s*/, '').trim())
    .filter((line) => line.startsWith('{'))
    .map((line): Event => JSON.parse(line));
  const first = payloads.find(({ type }) => type !== 'ping');
  const [sdk, method] = first?.type === 'message_start' ? methodOf(first.message) : methodOf(first?.response ?? first);
  return sdk && { sdk, method, isStream: true, payloads };
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
  return [undefined, ''];
}

export function replayChecks(dialect: Dialect, directory: string): Check[] {
  return recordings(directory)
    .filter(({ sdk }) => sdk === dialect.sdk)
    .map(
      ({ name, method, isStream, payloads }): Check => ({
        group: 'usage',
        name,
        exempt: () =>
          method === 'responses.create' && dialect.number < 4087 ? 'this version has no responses' : undefined,
        async run(trial) {
          const script: Script = () =>
            isStream ? sse(payloads, dialect.sdk === 'openai' ? {} : { end: '' }) : json(payloads[0]);
          const { spans } = await trial.same(script, (client) =>
            outcome(async () => {
              const [owner, last] = [method.split('.').slice(0, -1), method.split('.').at(-1) as string];
              const resource = owner.reduce((parent: Client, part) => parent[part], client);
              const answer = await resource[last]({
                ...dialect.body,
                input: 'x',
                prompt: 'x',
                ...(isStream && { stream: true }),
              });
              return isStream ? await read(answer) : answer;
            }),
          );
          const { attributes } = spans.only;
          const said = usageOf(payloads);
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

/** The last word of the provider on its tokens, read as plainly as can be. */
function usageOf(payloads: readonly Event[]): { input?: number; output?: number; hasMore: boolean } {
  let usage: Event;
  for (const payload of payloads) {
    const said = payload.usage ?? payload.x_groq?.usage ?? payload.message?.usage ?? payload.response?.usage;
    if (!said) continue;
    usage ??= {};
    for (const [field, value] of Object.entries(said)) if (value !== null) usage[field] = value;
  }
  if (!usage) return { hasMore: false };
  const input = usage.prompt_tokens ?? usage.input_tokens;
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
