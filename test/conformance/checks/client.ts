/** The client: the same class with the same face, and the one the app gave left as it was. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { closeOpenInferences, observe } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, exporter, outcome, type Scenario, type Trial } from '../trial.ts';
import { baseFolder, packageFolder } from '../versions.ts';
import { json, type Script, wireOf } from '../wire.ts';

const shown = ['baseURL', 'apiKey', 'authToken', 'timeout', 'maxRetries', 'organization', 'project', 'logLevel'];

/** What a client says of itself; where a name is a resource, that it is one. */
const settings = (client: Client): unknown[] =>
  shown.map((name) => (typeof client[name] === 'object' && client[name] ? 'a resource' : client[name]));

/** Every method of every resource, with its length. */
function surface(client: Client, path = '', depth = 0): string[] {
  const found: string[] = [];
  for (
    let level = Object.getPrototypeOf(client);
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (Object.getOwnPropertyDescriptor(level, name)?.get) continue;
      if (typeof client[name] === 'function' && name !== 'constructor')
        found.push(`${path}${name} ${client[name].name} ${client[name].length}`);
    }
  }
  if (depth > 4) return found;
  for (const [name, value] of Object.entries(client)) {
    if (name.startsWith('_') || typeof value !== 'object' || value === null || !('_client' in value)) continue;
    found.push(`${path}${name}: ${value.constructor.name}`, ...surface(value, `${path}${name}.`, depth + 1));
  }
  return found;
}

/** Why no clone can be made of a client. */
export function noWithOptions({ number, sdk, version }: Dialect): string | undefined {
  const hasWithOptions = (sdk === 'openai' && number >= 5000) || (sdk === 'anthropic' && number >= 50);
  if (!hasWithOptions) return 'this version has no withOptions()';
  if (version.name === 'vertex@0.22') return 'AnthropicVertex.withOptions() of 0.22 forgets its own region and throws';
  if (version.name === 'azure@5' || version.name === 'azure@6')
    return 'AzureOpenAI.withOptions() of openai 5 and 6 forgets its own API version and throws';
  return undefined;
}

export function clientChecks(dialect: Dialect): Check[] {
  const { ask, lib, number, sdk } = dialect;
  const answer: Script = () => json(dialect.whole);
  const seen = (
    name: string,
    scenario: Scenario,
    exempt?: Check['exempt'],
    options?: Record<string, unknown>,
  ): Check => ({
    group: 'client',
    name,
    exempt,
    run: async (trial) => void (await trial.same(answer, scenario, options ? { options } : {})),
  });
  const own = (name: string, run: (trial: Trial) => Promise<void>, exempt?: Check['exempt']): Check => ({
    group: 'client',
    name,
    exempt,
    run,
  });
  const bare = (script: Script = answer, options?: Record<string, unknown>): Client =>
    dialect.client(wireOf(script).fetch, options);
  const spansOf = async (live: () => Promise<unknown>): Promise<number> => {
    exporter.reset();
    await live();
    return exporter.getFinishedSpans().length;
  };
  return [
    seen('is of the same class', async (client) => [
      client.constructor,
      client instanceof lib.default,
      Object.getPrototypeOf(client),
    ]),
    seen('shows the same settings', async (client) => settings(client)),
    seen('has the same keys', async (client) => Object.keys(client)),
    seen('has the same methods, with their names and lengths', async (client) => surface(client)),
    seen('resources have the same keys', async (client) => [
      Object.keys(sdk === 'openai' ? client.chat.completions : client.messages),
      Object.keys(client.beta ?? {}),
    ]),
    seen('prints', async (client) => inspect(client, { depth: 1 }).length > 100),
    seen('finds the static members of the class', async (client) =>
      Object.getOwnPropertyNames(client.constructor).sort(),
    ),
    seen('remembers a key given as option', async (client) => client.apiKey),
    seen('keeps default headers', (client) => outcome(ask(client)), undefined, { defaultHeaders: { 'x-a': 'b' } }),
    seen('lists models as before', async (client) =>
      outcome(async () => {
        const page = await client.models.list();
        return [page.constructor, page.data];
      }),
    ),
    seen('posts anywhere as before', (client) => outcome(client.post('/v1/anything', { body: { a: 1 } }))),
    seen('gets anywhere as before', (client) => outcome(client.get('/v1/anything'))),
    seen(
      'withOptions() gives the same class and settings',
      async (client) => {
        const clone = client.withOptions({ timeout: 1_234, maxRetries: 1 });
        return [clone.constructor, ...settings(clone)];
      },
      noWithOptions,
    ),
    seen(
      'withOptions() asks as before',
      (client) => outcome(ask(client.withOptions({ defaultHeaders: { 'x-a': 'b' } }))),
      noWithOptions,
    ),
    seen(
      'withOptions() leaves the client it was called on',
      async (client) => {
        client.withOptions({ timeout: 1 });
        return client.timeout;
      },
      noWithOptions,
    ),
    own(
      'withOptions() is observed, and its clones are',
      async () => {
        const client = observe(bare()).withOptions({ timeout: 5_000 });
        assert.equal(await spansOf(() => ask(client)), 1);
        assert.equal(await spansOf(() => ask(client.withOptions({ maxRetries: 1 }))), 1);
      },
      noWithOptions,
    ),
    own('the client given is not touched', async () => {
      const client = bare();
      const before = Reflect.ownKeys(client).map((name) => [name, client[name]]);
      const resource = sdk === 'openai' ? client.chat.completions : client.messages;
      const keys = Reflect.ownKeys(resource);
      observe(client);
      assert.deepEqual(
        Reflect.ownKeys(client).map((name) => [name, client[name]]),
        before,
      );
      assert.deepEqual(Reflect.ownKeys(resource), keys);
      assert.equal(await spansOf(() => ask(client)), 0);
    }),
    own('no other client of the class is touched', async () => {
      observe(bare());
      assert.equal(await spansOf(() => ask(bare())), 0);
    }),
    own('observed twice is one span', async () => {
      assert.equal(await spansOf(() => ask(observe(observe(bare())))), 1);
    }),
    own('observed twice keeps what the first was told', async () => {
      const prices = {
        version: 'mine',
        prices: [{ provider: dialect.provider, model: JSON.parse(dialect.whole).model, input: 1, output: 1 }],
      };
      exporter.reset();
      await ask(observe(observe(bare(), { prices })));
      assert.equal(exporter.getFinishedSpans()[0]?.attributes['routescope.cost.price_version'], 'mine');
    }),
    own('two observed copies of one client are independent', async () => {
      const client = bare();
      const [one, two] = [observe(client), observe(client)];
      assert.notEqual(one, two);
      assert.equal(await spansOf(() => Promise.all([ask(one), ask(two)])), 2);
    }),
    own('settings changed on the client before are kept', async () => {
      const wire = wireOf(answer);
      const client = dialect.client(wire.fetch);
      client.baseURL = 'https://moved.example/v1';
      const keyField = dialect.cloud ? dialect.cloud.keyField?.(number) : 'apiKey';
      if (keyField !== undefined) client[keyField] = 'sk-changed';
      await ask(observe(client));
      assert.ok(wire.asked[0]?.url.startsWith('https://moved.example/v1'));
      if (keyField !== undefined) assert.ok(JSON.stringify(wire.asked[0]?.headers).includes('sk-changed'));
    }),
    own('a subclass with a constructor of its own', async () => {
      const wire = wireOf(answer);
      class AppClient extends lib.default {
        team: string;
        constructor(team: string) {
          super(dialect.options(wire.fetch));
          this.team = team;
        }
      }
      const client: Client = observe(new AppClient('search') as Client);
      assert.ok(client instanceof AppClient);
      assert.equal(client.team, 'search');
      assert.equal(await spansOf(() => ask(client)), 1);
    }),
    own('a subclass that overrides a method keeps it', async () => {
      const wire = wireOf(answer);
      class AppClient extends lib.default {
        post(...given: unknown[]): unknown {
          calls++;
          return super.post(...given);
        }
      }
      let calls = 0;
      const client = observe(new (AppClient as Client)(dialect.options(wire.fetch)));
      assert.equal(await spansOf(() => ask(client)), 1);
      assert.equal(calls, 1);
    }),
    own(
      'a client that traces itself is one span, and ours',
      async () => {
        const traced = (): Client => bare(answer, { openTelemetry: { traces: true } });
        assert.equal(await spansOf(() => ask(traced())), 1);
        assert.equal(await spansOf(() => ask(observe(traced()))), 1);
        assert.equal(exporter.getFinishedSpans()[0]?.instrumentationScope.name, '@routescope/sdk');
      },
      () => (sdk === 'anthropic' && number >= 134 ? undefined : 'this SDK does not trace itself'),
    ),
    own('a subclass that prepares the options of a request sees none of ours', async () => {
      const seen: string[][] = [];
      class AppClient extends lib.default {
        async prepareOptions(options: object): Promise<void> {
          seen.push(Object.keys(options).sort());
          await super.prepareOptions(options);
        }
      }
      for (const watch of [(client: Client) => client, (client: Client) => observe(client)]) {
        const client = watch(new (AppClient as Client)(dialect.options(wireOf(answer).fetch)));
        await ask(client, {}, { timeout: 60_000 });
        await ask(client);
      }
      assert.equal(seen.length, 4);
      assert.deepEqual(seen.slice(2), seen.slice(0, 2));
    }),
    own(
      'a key that is asked for with each request',
      async () => {
        const wire = wireOf(answer);
        let asked = 0;
        const apiKey = async (): Promise<string> => `sk-${++asked}`;
        const client = observe(dialect.client(wire.fetch, { apiKey }));
        await ask(client);
        await ask(client);
        assert.ok(JSON.stringify(wire.asked[1]?.headers).includes('sk-2'), JSON.stringify(wire.asked[1]?.headers));
      },
      () =>
        sdk === 'openai'
          ? number >= 5002
            ? undefined
            : 'keys of this version are text'
          : 'takes a token provider only through its credentials',
    ),
    own('the ESM build beside the CommonJS one', async () => {
      const imported = (folder: string): Promise<Client> => import(pathToFileURL(join(folder, 'index.mjs')).href);
      const module = await imported(packageFolder(dialect.version.alias));
      const Class = module[dialect.cloud?.name ?? 'default'];
      const { RateLimitError } = module.RateLimitError ? module : await imported(baseFolder(dialect.version));
      assert.notEqual(Class, lib.default);
      const options = dialect.options(wireOf(answer).fetch);
      const [esm, cjs] = [observe(new Class(options) as Client), observe(bare())];
      assert.ok(esm instanceof Class && !(esm instanceof lib.default));
      assert.equal(await spansOf(() => Promise.all([ask(esm), ask(cjs)])), 2);
      const refused = observe(new Class(dialect.options(wireOf(() => json(dialect.error(429), 429)).fetch)) as Client);
      assert.ok((await ask(refused).catch((error: unknown) => error)) instanceof RateLimitError);
    }),
    own('what is no client is refused in a sentence', async () => {
      for (const thing of [{}, null, undefined, 'client', 1, [], () => {}, { chat: {} }])
        assert.throws(() => observe(thing as object), /observe\(\) takes an OpenAI client/);
    }),
    own('nothing stays open after all that', async () => {
      closeOpenInferences(); // of the checks before
      await ask(observe(bare()));
      assert.equal(closeOpenInferences(), 0);
    }),
  ];
}
