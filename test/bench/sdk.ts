/**
 * `sdk`: what observing costs the app, over the same client bare, and beside other tools that do it. Recorded answers
 * come from memory, so that the clients and the wrappers are all there is; spans are made in full and handed to a
 * processor that lets them go, because sending them happens off the call's path. All take turns within a run, and CPU
 * time is compared, not the clock.
 */
import { spawnSync } from 'node:child_process';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Fixture, type Json, loadFixtures, ownFixtures } from '../provider/fixtures.ts';
import { type Figure, figure } from './figure.ts';
import { type Contest, contest } from './peers.ts';

type Foreign = Contest['bare'];

/** Everybody takes that many turns, so that what else the machine does meets all. */
const rounds = 41;
const callsPerTurn = 50;
const streamsPerTurn = 3;
const chunksPerStream = 500;
/** As a prompt with documents in it. */
const longPrompt = 'A page of it. '.repeat(14_600);

interface Work {
  readonly name: string;
  /** What it is counted by: calls, or chunks. */
  readonly units: number;
  run(client: Foreign): Promise<void>;
}

const prompt = (content: string): object => ({ max_tokens: 64, messages: [{ role: 'user', content }] });

/** The works of one SDK: whole answers, streams, and answers to a prompt of 200 kB. */
function works(sdk: Contest['sdk']): { call: Work; chunk: Work; long: Work } {
  const isOpenai = sdk === 'openai';
  const model = isOpenai ? 'gpt-4.1-nano' : 'claude-haiku-4-5-20251001';
  const create = (client: Foreign, body: object): Promise<Foreign> =>
    (isOpenai ? client.chat.completions : client.messages).create({ model, ...body });
  const calls = async (client: Foreign, body: object, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await create(client, body);
  };
  return {
    call: { name: 'call', units: callsPerTurn, run: (client) => calls(client, prompt('Name one.'), callsPerTurn) },
    long: {
      name: 'long',
      units: callsPerTurn / 2,
      run: (client) => calls(client, prompt(longPrompt), callsPerTurn / 2),
    },
    chunk: {
      name: 'chunk',
      units: streamsPerTurn * chunksPerStream,
      async run(client) {
        for (let i = 0; i < streamsPerTurn; i++) {
          let chunks = 0;
          for await (const _ of await create(client, { ...prompt('Tell.'), stream: true })) chunks++;
          if (chunks < chunksPerStream) throw new Error(`a stream had ${chunks} chunks, not ${chunksPerStream}`);
        }
      },
    },
  };
}

/** A provider in memory. */
function provider(sdk: Contest['sdk']): typeof fetch {
  const { fixtures } = loadFixtures(ownFixtures);
  const [whole, streamed] =
    sdk === 'openai'
      ? ['providers/openai/chat/openai-text.json', 'providers/openai/chat/openai-text.chunks.txt']
      : ['providers/anthropic/anthropic-json-tool.1.json', 'providers/anthropic/anthropic-text.chunks.txt'];
  const answer = JSON.stringify(recorded(fixtures, whole as string).payloads[0]);
  const events = longStream(recorded(fixtures, streamed as string).payloads, chunksPerStream);
  return async (_, init) => (String(init?.body).includes('"stream":true') ? sse(events) : json(answer));
}

/** Registers a provider whose spans are made in full and then let go. */
function registerTelemetry(): () => number {
  let spans = 0;
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: () => void spans++,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  // Node 20 makes every promise dearer once anybody uses AsyncLocalStorage, as each traced app does: so for all.
  context.with(context.active(), () => {});
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  return () => spans;
}

export async function sdk(): Promise<Figure[]> {
  const spans = registerTelemetry();
  const figures: Figure[] = [];
  const ratios: Record<string, number[]> = { call: [], chunk: [] };
  for (const name of ['openai', 'anthropic'] as const) {
    const competing = contest(name, provider(name));
    for (const reason of competing.missing) process.stderr.write(`not compared on ${name}: ${reason}\n`);
    const { call, chunk, long } = works(name);
    const before = spans();
    // A process begins with code that V8 has not compiled, and compiles ours and the others' over some 5,000 calls.
    const early = await compete(competing, call);
    await compete(competing, call);
    const costs = {
      call: await compete(competing, call),
      chunk: await compete(competing, chunk),
      long: await compete(competing, long),
    };
    if (spans() === before) throw new Error('no spans were made');
    const suffix = name === 'openai' ? '' : `.${name}`;
    figures.push(
      cost(`us_per_call${suffix}`, costs.call, 'at most 50 of CPU over the bare client', 50),
      cost(`us_per_early_call${suffix}`, early, 'known: of the first 2,500 of a process', Number.POSITIVE_INFINITY),
      cost(`us_per_chunk${suffix}`, costs.chunk, 'at most 1 of CPU over the bare client', 1),
      cost(`us_per_call_200kb${suffix}`, costs.long, 'at most 50: a long prompt costs no more than a short one', 50),
      ...allocations(name, suffix),
    );
    for (const peer of competing.peers) {
      figures.push(
        cost(`us_per_call.${name}.${peer.name}`, costs.call, 'for comparison', Number.POSITIVE_INFINITY, peer.name),
        cost(`us_per_early_call.${name}.${peer.name}`, early, 'for comparison', Number.POSITIVE_INFINITY, peer.name),
        cost(`us_per_chunk.${name}.${peer.name}`, costs.chunk, 'for comparison', Number.POSITIVE_INFINITY, peer.name),
        cost(
          `us_per_call_200kb.${name}.${peer.name}`,
          costs.long,
          'for comparison',
          Number.POSITIVE_INFINITY,
          peer.name,
        ),
      );
    }
    for (const [what, measured] of [
      ['call', costs.call],
      ['chunk', costs.chunk],
    ] as const) {
      const ratio = toCheapest(measured, competing);
      if (ratio === undefined) {
        process.stderr.write(`no ratio for a ${what} on ${name}: nobody to compare with, or too busy a machine\n`);
        continue;
      }
      ratios[what]?.push(ratio);
      figures.push(below1(`${what}_ratio_to_cheapest_peer.${name}`, [ratio]));
    }
  }
  for (const [what, found] of Object.entries(ratios)) {
    if (found.length > 0) figures.push(below1(`${what}_ratio_to_cheapest_peer`, [Math.max(...found)]));
  }
  return figures;
}

/** CPU microseconds per unit, of each by name, round by round. */
type Costs = Readonly<Record<string, readonly number[]>>;

async function compete({ bare, ours, peers }: Contest, work: Work): Promise<Costs> {
  const all = [{ name: 'bare', client: bare }, { name: 'ours', client: ours }, ...peers];
  const spent: Record<string, number[]> = Object.fromEntries(all.map(({ name }) => [name, []]));
  for (let round = -8; round < rounds; round++) {
    // Who follows whom changes with each round: garbage of one is often collected in the turn of the next.
    const first = (round + 8) % all.length;
    const order = [...all.slice(first), ...all.slice(0, first)];
    if (round % 2 === 0) order.reverse();
    for (const { name, client } of order) {
      const before = process.cpuUsage();
      await work.run(client);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) spent[name]?.push((user + system) / work.units); // before: warm-up
    }
  }
  return spent;
}

/** The value below which that part of them lies. */
const at = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] as number;
/**
 * What somebody costs over the bare client: their lower quartile less the bare one's, which no burst of other processes
 * moves; beside it the same of the first decile and of the median.
 */
const over = (costs: Costs, who: string): [number, number, number] =>
  [0.1, 0.25, 0.5].map((part) => at(costs[who] ?? [], part) - at(costs['bare'] ?? [], part)).sort((a, b) => a - b) as [
    number,
    number,
    number,
  ];

const cost = (name: string, costs: Costs, goal: string, most: number, who = 'ours'): Figure =>
  figure(name, 'us', over(costs, who), goal, (value) => value <= most);

const below1 = (name: string, values: readonly number[]): Figure =>
  figure(name, '1', values, 'below 1: nobody watches for less', (value) => value < 1);

/** Undefined where nobody is compared, or the machine is too busy to tell a peer from the bare client. */
function toCheapest(costs: Costs, { peers }: Contest): number | undefined {
  const cheapest = Math.min(...peers.map(({ name }) => over(costs, name)[1]));
  return Number.isFinite(cheapest) && cheapest > 0 ? over(costs, 'ours')[1] / cheapest : undefined;
}

/** Bytes of memory taken in a process where nothing is collected between the first call and the last. */
function allocations(name: string, suffix: string): Figure[] {
  const flags = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];
  const script = `import(${JSON.stringify(import.meta.url)}).then((bench) => bench.printAllocations(${JSON.stringify(name)}))`;
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`measuring allocations failed: ${stderr}`);
  const { perCall, perChunk } = JSON.parse(stdout) as { perCall: number[]; perChunk: number[] };
  return [
    figure(`bytes_per_call${suffix}`, 'By', perCall, 'at most 16,384 over the bare client', (value) => value <= 16_384),
    figure(`bytes_per_chunk${suffix}`, 'By', perChunk, 'at most 600 over the bare client', (value) => value <= 600),
  ];
}

/** For the process of its own. */
export async function printAllocations(name: Contest['sdk']): Promise<void> {
  registerTelemetry();
  const { bare, ours } = contest(name, provider(name));
  const { call, chunk } = works(name);
  const taken = async (work: Work, client: Foreign): Promise<number> => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await work.run(client);
    return (process.memoryUsage().heapUsed - before) / work.units;
  };
  const more = async (work: Work): Promise<number[]> => {
    const found: number[] = [];
    for (let round = -2; round < 7; round++) {
      const over = (await taken(work, ours)) - (await taken(work, bare));
      if (round >= 0) found.push(over);
    }
    return found;
  };
  process.stdout.write(JSON.stringify({ perCall: await more(call), perChunk: await more(chunk) }));
  process.exit(0);
}

function recorded(fixtures: readonly Fixture[], name: string): Fixture {
  const fixture = fixtures.find((each) => each.name === name);
  if (!fixture) throw new Error(`there is no fixture ${name}`);
  return fixture;
}

/** The recorded stream, with its first piece of text repeated until it has `length` of them. */
function longStream(payloads: readonly Json[], length: number): Uint8Array[] {
  const text = payloads.findIndex(
    (payload) => payload.choices?.[0]?.delta?.content || payload.type === 'content_block_delta',
  );
  return [...payloads.slice(0, text), ...Array.from({ length }, () => payloads[text]), ...payloads.slice(text + 1)]
    .map((payload) => `${payload.type ? `event: ${payload.type}\n` : ''}data: ${JSON.stringify(payload)}\n\n`)
    .concat(payloads[0].type ? [] : ['data: [DONE]\n\n'])
    .map((event) => new TextEncoder().encode(event));
}

const json = (text: string): Response => new Response(text, { headers: { 'content-type': 'application/json' } });
/** Event by event, as a network brings them: given whole, most of the time goes into the SDK's cutting of one long text. */
function sse(events: readonly Uint8Array[]): Response {
  let next = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const event = events[next++];
    if (event) controller.enqueue(event);
    else controller.close();
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
    headers: { 'content-type': 'text/event-stream' },
  });
}
