/** Recorded provider answers and recorded traffic, from any directory of the form described in test/fixtures/README.md. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Api = 'openai' | 'anthropic';

export interface Fixture {
  /** Path below the directory. */
  readonly name: string;
  readonly api: Api;
  /** As the recording says it. */
  readonly model: string;
  /** One payload for a whole answer, one per event for a stream. */
  readonly payloads: readonly Json[];
  readonly isStream: boolean;
}

export interface Fixtures {
  readonly fixtures: readonly Fixture[];
  /** What is there and is neither a chat completion nor a message, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON.
export type Json = any;

/** The project's own recordings; the same from test/ and test/dist/. */
export const ownFixtures: string = fileURLToPath(new URL('../fixtures', import.meta.url)).replace(
  /([\\/])dist([\\/])fixtures$/,
  '$1fixtures',
);

/** Reads every file below `directory`. Tells by content what each is; never throws because of an odd one. */
export function loadFixtures(directory: string): Fixtures {
  const fixtures: Fixture[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const path of filesBelow(directory)) {
    const name = relative(directory, path);
    if (!/\.(json|txt|sse)$/.test(path)) continue;
    try {
      const found = classify(name, readFileSync(path, 'utf8'));
      if (typeof found === 'string') skipped.push({ name, reason: found });
      else fixtures.push(found);
    } catch (problem) {
      skipped.push({ name, reason: problem instanceof Error ? problem.message : String(problem) });
    }
  }
  return { fixtures, skipped };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory)
    .sort()
    .flatMap((entry) => {
      const path = join(directory, entry);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}

function classify(name: string, text: string): Fixture | string {
  if (name.endsWith('.json')) {
    const answer: Json = JSON.parse(text);
    const api = wholeApi(answer);
    if (!api)
      return answer.error
        ? 'an error body'
        : `not a chat completion or a message (${answer.object ?? answer.type ?? 'unknown'})`;
    return { name, api, model: answer.model, payloads: [answer], isStream: false };
  }
  const payloads: Json[] = text
    .split('\n')
    .map((line) => line.replace(/^data:\s*/, '').trim())
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const first = payloads.find((payload) => payload.type !== 'ping');
  if (first?.type === 'message_start')
    return { name, api: 'anthropic', model: first.message.model, payloads, isStream: true };
  if (
    Array.isArray(first?.choices) &&
    payloads.some((payload) => payload.choices?.some((choice: Json) => choice.delta))
  ) {
    return {
      name,
      api: 'openai',
      model: payloads.find((payload) => payload.model)?.model ?? '',
      payloads,
      isStream: true,
    };
  }
  return `not a stream of chat chunks or message events (${first?.object ?? first?.type ?? 'unknown'})`;
}

function wholeApi(answer: Json): Api | undefined {
  if (Array.isArray(answer?.choices) && answer.choices[0]?.message) return 'openai';
  return answer?.type === 'message' && Array.isArray(answer.content) ? 'anthropic' : undefined;
}

export interface Traffic {
  readonly contextTokens: number;
  readonly generatedTokens: number;
}

/** Token counts of real calls, in their order; the project's own when the directory has none. */
export function loadTraffic(directory: string): Traffic[] {
  const files = [...filesBelow(directory), ...filesBelow(join(ownFixtures, 'traffic'))].filter((path) =>
    path.endsWith('.csv'),
  );
  for (const path of files) {
    const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
    const columns = head.split(',');
    const context = columns.indexOf('ContextTokens');
    const generated = columns.indexOf('GeneratedTokens');
    if (context < 0 || generated < 0) continue;
    return lines.map((line) => {
      const values = line.split(',');
      return { contextTokens: Number(values[context]), generatedTokens: Number(values[generated]) };
    });
  }
  throw new Error(`no traffic file with ContextTokens and GeneratedTokens below ${basename(directory)}`);
}
