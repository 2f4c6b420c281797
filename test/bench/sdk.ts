/**
 * `sdk`: what observing costs the app, over the same client bare, and beside other tools that do it. Each tool works in
 * an app of its own, as where it is used: what V8 makes of one tool's code is none of another's. It differs from process
 * to process, so that there are several rounds. The apps of a round take turns, and CPU time is compared, not the clock.
 */
import { type Figure, figure } from './figure.ts';
import { App, type Taken } from './sdk/app.ts';
import { installPeers, ours, type Sdk, tools } from './sdk/tools.ts';
import type { WorkName } from './sdk/works.ts';

/** So many apps with each tool, one after the other. */
const rounds = 5;
/** Everybody takes that many turns in a round, so that what else the machine does meets all. */
const turns = 41;
/** Turns before those, for the code of this work to be compiled. */
const warmUp = 8;

export async function sdk(): Promise<Figure[]> {
  const noPeers = installPeers();
  if (noPeers) process.stderr.write(`not compared: ${noPeers}\n`);
  const figures: Figure[] = [];
  const ratios: Record<string, number[]> = { call: [], chunk: [] };
  for (const name of ['openai', 'anthropic'] as const) {
    const costs = await measured(name, noPeers ? [ours] : Object.keys(tools[name]));
    const suffix = name === 'openai' ? '' : `.${name}`;
    figures.push(
      cost(`us_per_call${suffix}`, costs.call, 'at most 50 of CPU over the bare client', 50),
      cost(`us_per_early_call${suffix}`, costs.early, 'known: of the first 2,500 of a process'),
      cost(`us_per_chunk${suffix}`, costs.chunk, 'at most 1 of CPU over the bare client', 1),
      cost(`us_per_call_200kb${suffix}`, costs.long, 'at most 50: a long prompt costs no more than a short one', 50),
      ...(await allocations(name, suffix)),
    );
    for (const peer of Object.keys(costs.call).filter((tool) => tool !== ours)) {
      const compared = (what: string, costs: Costs): Figure =>
        figure(`${what}.${name}.${peer}`, 'us', costs[peer] ?? [], 'for comparison', () => true);
      figures.push(
        compared('us_per_call', costs.call),
        compared('us_per_early_call', costs.early),
        compared('us_per_chunk', costs.chunk),
        compared('us_per_call_200kb', costs.long),
      );
    }
    for (const what of ['call', 'chunk'] as const) {
      const ratio = toCheapest(costs[what]);
      if (ratio === undefined) {
        process.stderr.write(`no ratio for a ${what} on ${name}: nobody to compare with, or too busy a machine\n`);
        continue;
      }
      ratios[what]?.push(ratio);
      figures.push(below1(`${what}_ratio_to_cheapest_peer.${name}`, ratio));
    }
  }
  for (const [what, found] of Object.entries(ratios)) {
    if (found.length > 0) figures.push(below1(`${what}_ratio_to_cheapest_peer`, Math.max(...found)));
  }
  return figures;
}

/** CPU microseconds per unit over the bare client: of each tool, one a round. */
type Costs = Record<string, number[]>;

async function measured(sdk: Sdk, names: readonly string[]): Promise<Record<'early' | WorkName, Costs>> {
  const costs: Record<'early' | WorkName, Costs> = { early: {}, call: {}, chunk: {}, long: {} };
  for (let round = 0; round < rounds; round++) {
    const apps = await startAll(sdk, names);
    // A process begins with code that V8 has not compiled, and compiles it over some 5,000 calls.
    await takeTurns(apps, 'call', costs.early);
    await takeTurns(apps, 'call', {});
    for (const work of ['call', 'chunk', 'long'] as const) await takeTurns(apps, work, costs[work]);
    for (const app of apps) app.stop();
  }
  return costs;
}

/** Says whom it cannot start; without ours there is nothing to measure. */
async function startAll(sdk: Sdk, names: readonly string[]): Promise<App[]> {
  const apps: App[] = [];
  for (const tool of names) {
    try {
      apps.push(await App.start(sdk, tool));
    } catch (problem) {
      if (tool === ours) throw problem;
      process.stderr.write(`not compared on ${sdk}: ${tool}: ${problem}\n`);
    }
  }
  return apps;
}

async function takeTurns(apps: readonly App[], work: WorkName, costs: Costs): Promise<void> {
  const taken = new Map<App, Taken[]>(apps.map((app) => [app, []]));
  for (let turn = -warmUp; turn < turns; turn++) {
    for (const [app, spent] of taken) {
      const one = await app.turn(work);
      if (turn >= 0) spent.push(one);
    }
  }
  for (const [{ tool }, spent] of taken) {
    costs[tool] ??= [];
    costs[tool].push(lowerQuartile(spent.map((one) => one.watched)) - lowerQuartile(spent.map((one) => one.bare)));
  }
}

/** Which no burst of other processes moves. */
const lowerQuartile = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 4)] as number;
const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] as number;
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

const cost = (name: string, costs: Costs, goal: string, most = Number.POSITIVE_INFINITY): Figure =>
  figure(name, 'us', costs[ours] ?? [], goal, (value) => value <= most);

const below1 = (name: string, value: number): Figure =>
  figure(name, '1', [value], 'below 1: nobody watches for less', (ratio) => ratio < 1);

/** Undefined where nobody is compared, or the machine is too busy to tell a peer from the bare client. */
function toCheapest({ [ours]: own = [], ...peers }: Costs): number | undefined {
  const cheapest = Math.min(...Object.values(peers).map(median));
  return Number.isFinite(cheapest) && cheapest > 0 ? median(own) / cheapest : undefined;
}

/** Bytes of memory taken over the bare client. */
async function allocations(sdk: Sdk, suffix: string): Promise<Figure[]> {
  const app = await App.start(sdk, ours, 'heap');
  const more = async (work: WorkName): Promise<number[]> => {
    const found: number[] = [];
    for (let turn = -2; turn < 7; turn++) {
      const { bare, watched } = await app.turn(work);
      if (turn >= 0) found.push(watched - bare);
    }
    return found;
  };
  const figures = [
    figure(
      `bytes_per_call${suffix}`,
      'By',
      await more('call'),
      'at most 16,384 over the bare client',
      (value) => value <= 16_384,
    ),
    figure(
      `bytes_per_chunk${suffix}`,
      'By',
      await more('chunk'),
      'at most 600 over the bare client',
      (value) => value <= 600,
    ),
  ];
  app.stop();
  return figures;
}
