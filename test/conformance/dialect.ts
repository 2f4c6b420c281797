/** What the two SDKs have in common, so that most checks are written once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownFixtures } from '../provider/fixtures.ts';
import { type Cloud, cloudFetch, clouds } from './clouds.ts';
import type { Client } from './trial.ts';
import { baseFolder, fromSdks, installedVersion, type Version } from './versions.ts';
import { type Broken, type Event, sse, type Wire } from './wire.ts';

export interface Dialect {
  readonly version: Version;
  /** Major × 1,000 + minor of the package. */
  readonly number: number;
  // biome-ignore lint/suspicious/noExplicitAny: a module of one of eight generations.
  readonly lib: any;
  readonly sdk: 'openai' | 'anthropic';
  readonly cloud: Cloud | undefined;
  /** What a constructor takes; the host is one that is asked for no more than the app asks. */
  options(fetch: Wire['fetch'], more?: Record<string, unknown>): Record<string, unknown>;
  /** A bare client. */
  client(fetch: Wire['fetch'], more?: Record<string, unknown>): Client;
  /** The host that needs no care: OpenAI's own is asked for usage. */
  readonly host: string;
  readonly provider: string;
  readonly model: string;
  readonly body: Record<string, unknown>;
  /** The main method: chat completions, or messages. */
  ask(client: Client, body?: unknown, options?: unknown): Client;
  /** As a stream. */
  askStream(client: Client, body?: unknown, options?: unknown): Client;
  /** A recorded whole answer, as text. */
  readonly whole: string;
  /** The events of a recorded stream. */
  readonly events: readonly Event[];
  stream(broken?: Broken): Response;
  /** Its streams show the app the pings too. */
  readonly passesPings: boolean;
  /** Tokens that `whole` and `events` say. */
  readonly tokens: { readonly whole: readonly [number, number]; readonly stream: readonly [number, number] };
  /** An error body as the API answers it. */
  error(status: number): unknown;
}

const read = (name: string): string => readFileSync(join(ownFixtures, 'providers', name), 'utf8');
const linesOf = (name: string): Event[] =>
  read(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

export const secret = 'SECRET-of-the-app';
export const key = 'sk-secret-key';
const messages = [{ role: 'user', content: `${secret}: name a holiday` }];

export function dialectOf(version: Version): Dialect {
  const module = fromSdks(version.alias);
  const cloud = version.cloud && clouds[version.cloud];
  const lib = cloud === undefined ? module : { ...errorsOf(version), ...module, default: module[cloud.name] };
  const [major = 0, minor = 0] = installedVersion(version).split('.').map(Number);
  const number = major * 1_000 + minor;
  // Anthropic's newer SDKs trace themselves, and a broken exporter breaks their streams: not what we compare with.
  const untraced = version.sdk === 'anthropic' ? { openTelemetry: false } : {};
  const options: Dialect['options'] = (fetch, more = {}) => {
    if (cloud === undefined) {
      const baseURL = version.sdk === 'openai' ? 'https://llm.example/v1' : 'https://llm.example';
      return { apiKey: key, baseURL, maxRetries: 0, fetch, ...untraced, ...more };
    }
    const placed = Object.entries(cloud.options(key, number)).filter(
      ([name]) => !('baseURL' in more && cloud.place.includes(name)),
    );
    return { ...Object.fromEntries(placed), maxRetries: 0, fetch: cloudFetch(cloud, fetch), ...untraced, ...more };
  };
  const common: Common = {
    version,
    number,
    lib,
    sdk: version.sdk,
    cloud,
    host: cloud?.host ?? 'llm.example',
    provider: cloud?.provider ?? version.sdk,
    options,
    client: (fetch, more) => new lib.default(options(fetch, more)),
  };
  return version.sdk === 'openai' ? openai(common) : anthropic(common);
}

/** A cloud's package throws the errors of the SDK below it. */
const errorsOf = (version: Version): object => fromSdks(baseFolder(version));

type Common = Pick<
  Dialect,
  'version' | 'number' | 'lib' | 'sdk' | 'cloud' | 'host' | 'provider' | 'options' | 'client'
>;

function openai(common: Common): Dialect {
  const body = { model: 'gpt-4.1-nano', messages, max_tokens: 64, temperature: 0.2 };
  const events = linesOf('openai/chat/openai-text.chunks.txt').map((event) =>
    // As a server answers that was not asked for usage.
    event.usage === null ? (({ usage: _, ...rest }) => rest)(event) : event,
  );
  return {
    ...common,
    model: body.model,
    body,
    ask: (client, changes = {}, options) => client.chat.completions.create(merged(body, changes), options),
    askStream: (client, changes = {}, options) =>
      client.chat.completions.create(merged({ ...body, stream: true }, changes), options),
    whole: read('openai/chat/openai-text.json'),
    events,
    stream: (broken) => sse(events, broken),
    passesPings: false,
    tokens: { whole: [16, 363], stream: [16, 300] },
    error: (status) => ({
      error: { message: `${secret} refused`, type: 'invalid_request_error', code: `code_${status}`, param: null },
    }),
  };
}

function anthropic(common: Common): Dialect {
  const body = { model: 'claude-haiku-4-5-20251001', messages, max_tokens: 64, temperature: 0.2 };
  const events = linesOf('anthropic/anthropic-text.chunks.txt');
  return {
    ...common,
    model: body.model,
    body,
    ask: (client, changes = {}, options) => client.messages.create(merged(body, changes), options),
    askStream: (client, changes = {}, options) =>
      client.messages.create(merged({ ...body, stream: true }, changes), options),
    whole: read('anthropic/anthropic-json-tool.1.json'),
    events,
    stream: (broken) => sse(events, { end: '', ...broken }),
    passesPings: common.version.cloud === 'bedrock' && common.number < 50,
    tokens: { whole: [1151, 87], stream: [12, 30] },
    error: (status) => ({
      type: 'error',
      error: { type: `type_${status}`, message: `${secret} refused` },
      request_id: 'req_1',
    }),
  };
}

/** What is no object is asked as it is: an app may ask for anything. */
const merged = (body: object, changes: unknown): unknown =>
  typeof changes === 'object' && changes !== null ? { ...body, ...changes } : changes;
