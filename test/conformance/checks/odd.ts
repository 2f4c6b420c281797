/** Answers and requests that no documentation knows: they pass through as they are, and break nothing. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome, type Scenario } from '../trial.ts';
import { type Event, json, type Script, sse } from '../wire.ts';
import { read } from './promise.ts';

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !Object.isFrozen(value);

export function oddChecks(dialect: Dialect): Check[] {
  const { ask, askStream, sdk, body } = dialect;
  const check = (
    name: string,
    script: Script,
    scenario: Scenario,
    attributes: Record<string, unknown> = {},
  ): Check => ({
    group: 'odd answers and requests',
    name,
    async run(trial) {
      const { spans } = await trial.same(script, scenario);
      spans.has(attributes);
    },
  });
  const whole =
    (changes: object): Script =>
    () =>
      json({ ...JSON.parse(dialect.whole), ...changes });
  /** What comes, read to its end if it is a stream. */
  const all = async (answer: Client): Promise<unknown> => {
    const got = await answer;
    return typeof got?.iterator === 'function' ? [got.constructor, await read(got)] : got;
  };
  const asks: Scenario = (client) => outcome(() => all(ask(client)));
  const reads: Scenario = async (client) => outcome(async () => read(await askStream(client)));
  const answers = (name: string, script: Script, attributes?: Record<string, unknown>): Check =>
    check(`an answer ${name}`, script, asks, attributes);
  const streams = (name: string, events: readonly unknown[], attributes?: Record<string, unknown>): Check =>
    check(`a stream ${name}`, () => sse(events, sdk === 'openai' ? {} : { end: '' }), reads, attributes);
  const requests = (name: string, request: unknown): Check =>
    check(
      `a request ${name}`,
      () => json(dialect.whole),
      (client) => {
        const own = isPlain(request) ? { ...request } : request; // an old SDK of a cloud empties it
        return outcome(() => all(sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own)));
      },
    );
  const missing = {
    'routescope.usage.source': 'missing',
    'gen_ai.usage.input_tokens': undefined,
    'routescope.cost.total': undefined,
  };
  const [first, ...rest] = dialect.events;
  return [
    answers('that is null', () => json('null'), missing),
    answers('that is a list', () => json('[1,2]'), missing),
    answers('that is text', () => json('"hello"'), missing),
    answers('that is a number', () => json('42'), missing),
    answers('that is true', () => json('true'), missing),
    answers('that is empty', () => json('{}'), missing),
    answers('without content', () => new Response(null, { status: 204 }), missing),
    answers('of another type', () => new Response('hello', { headers: { 'content-type': 'text/plain' } })),
    answers('without usage', whole({ usage: undefined }), missing),
    answers('with usage null', whole({ usage: null }), missing),
    answers('with usage that is text', whole({ usage: 'none' }), missing),
    answers('with usage that is empty', whole({ usage: {} }), missing),
    answers(
      'with usage in words',
      whole({ usage: { prompt_tokens: 'ten', input_tokens: 'ten', completion_tokens: 'ten', output_tokens: 'ten' } }),
      missing,
    ),
    answers(
      'with details null',
      whole({
        usage: {
          prompt_tokens: 5,
          completion_tokens: 3,
          input_tokens: 5,
          output_tokens: 3,
          prompt_tokens_details: null,
          completion_tokens_details: null,
          cache_creation: null,
        },
      }),
      { 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.output_tokens': 3 },
    ),
    answers(
      'of a cache',
      whole({
        usage: {
          prompt_tokens: 1_510,
          completion_tokens: 7,
          prompt_tokens_details: { cached_tokens: 500, cache_write_tokens: 1_000 },
          input_tokens: 10,
          cache_read_input_tokens: 500,
          cache_creation_input_tokens: 1_000,
          output_tokens: 7,
        },
      }),
      {
        'gen_ai.usage.input_tokens': 1_510,
        'gen_ai.usage.cache_read.input_tokens': 500,
        'gen_ai.usage.cache_write.input_tokens': 1_000,
        'gen_ai.usage.output_tokens': 7,
      },
    ),
    answers('without an id and model', whole({ id: undefined, model: undefined }), {
      'gen_ai.response.id': undefined,
      'gen_ai.response.model': undefined,
    }),
    answers('with an id that is a number', whole({ id: 7, model: 8 })),
    answers('with choices null', whole({ choices: null, content: null })),
    answers('with choices that are odd', whole({ choices: [null, 1, 'x', {}], content: [null, 1, 'x', {}] })),
    answers('with a stop reason that is odd', whole({ stop_reason: 7, choices: [{ finish_reason: 7 }] })),
    answers('with fields nobody knows', whole({ something_new: { deep: [1] } })),
    answers('called __proto__', () => json('{"__proto__": {"id": "x"}, "id": "y"}')),
    answers('of a megabyte', whole({ padding: 'x'.repeat(1_000_000) })),
    streams('with an object that is no chunk', [first, { id: 'x' }, ...rest]),
    streams('with choices missing', [first, { object: 'chat.completion.chunk', model: 'm' }, ...rest]),
    streams('with null choices', [first, { choices: null, usage: null }, ...rest]),
    streams('with odd choices', [first, { choices: [null, 1, {}, { index: 'x' }] }, ...rest]),
    streams('with an event nobody knows', [first, { type: 'something_new', choices: [] }, ...rest]),
    streams('with a list as data', [first, 'data: [1,2]\n\n', ...rest]),
    streams('with null as data', [first, 'data: null\n\n', ...rest]),
    streams('with a number as data', [first, 'data: 5\n\n', ...rest]),
    streams('with its start missing', rest),
    streams('with its start only', [first]),
    ...usageOnTheWay(streams, first, rest, sdk),
    streams('with two starts', [first, first, ...rest]),
    streams(
      'with CRLF',
      [first, ...rest].map(
        (event) => `${event.type ? `event: ${event.type}\r\n` : ''}data: ${JSON.stringify(event)}\r\n\r\n`,
      ),
    ),
    check('a stream that answers whole', () => json(dialect.whole), reads),
    check('a whole request that answers as a stream', () => dialect.stream(), asks),
    requests('without a body', undefined),
    requests('that is null', null),
    requests('that is empty', {}),
    requests('that is text', 'hello'),
    requests('that is a number', 5),
    requests('that is a list', []),
    requests('without a model', { ...body, model: undefined }),
    requests('with a model that is a number', { ...body, model: 5 }),
    requests('with a model of 10,000 letters', { ...body, model: 'm'.repeat(10_000) }),
    requests('with messages null', { ...body, messages: null }),
    requests('with stream that is text', { ...body, stream: 'false' }),
    requests('with numbers in words', { ...body, max_tokens: 'many', temperature: 'warm' }),
    requests('with odd stop sequences', { ...body, stop: [1, null], stop_sequences: [1, null] }),
    requests(
      'with a circle',
      (() => {
        const circle: Record<string, unknown> = { ...body };
        circle['self'] = circle;
        return circle;
      })(),
    ),
    requests('with a bigint', { ...body, max_tokens: 5n }),
    {
      group: 'odd answers and requests',
      name: 'a body whose accessor throws',
      async run(trial) {
        const request = Object.defineProperty({ ...body }, 'model', {
          enumerable: true,
          get() {
            throw new RangeError('no model');
          },
        });
        await trial.same(
          () => json(dialect.whole),
          (client) =>
            outcome(() =>
              sdk === 'openai' ? client.chat.completions.create(request) : client.messages.create(request),
            ),
        );
      },
    },
    {
      group: 'odd answers and requests',
      name: 'a body that is a proxy',
      async run(trial) {
        const { spans } = await trial.same(
          () => json(dialect.whole),
          (client) => {
            const request = new Proxy({ ...body }, { get: (target, name) => Reflect.get(target, name) });
            return outcome(() =>
              sdk === 'openai' ? client.chat.completions.create(request) : client.messages.create(request),
            );
          },
        );
        assert.equal(spans.all.length, 1);
      },
    },
  ];
}

/** Servers that say the usage so far on every chunk, and an empty one at the end: the last that says something counts. */
function usageOnTheWay(
  streams: (name: string, events: readonly unknown[], attributes: Record<string, unknown>) => Check,
  first: Event,
  rest: readonly Event[],
  sdk: Dialect['sdk'],
): Check[] {
  const last = rest.at(-1);
  const spoken = rest.filter(({ choices }) => choices?.length > 0);
  const openai = [first, ...spoken].map((event, index) => ({
    ...event,
    usage: { prompt_tokens: 16, completion_tokens: index },
  }));
  const anthropic = rest.flatMap((event) =>
    event.type === 'message_delta' ? [{ ...event, usage: { output_tokens: 5 } }, event] : [event],
  );
  const said = sdk === 'openai' ? [16, spoken.length] : [12, 30];
  const attributes = { 'gen_ai.usage.input_tokens': said[0], 'gen_ai.usage.output_tokens': said[1] };
  const events = sdk === 'openai' ? openai : [first, ...anthropic];
  const empty =
    sdk === 'openai' ? { ...last, choices: [], usage: {} } : { type: 'message_delta', delta: {}, usage: {} };
  return [
    streams('with its usage so far on the way', events, attributes),
    streams('with an empty usage at the end', [...events, empty], attributes),
  ];
}
