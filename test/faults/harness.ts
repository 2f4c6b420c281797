/**
 * The harness: lives of a sidecar in two worlds, each life ended or troubled by a fault, while a sender sends numbered
 * spans. In the end it counts what was acknowledged against what is in the tables and at the forward target.
 */
import type { Guard } from './inject.ts';
import { kinds, type Round } from './rounds.ts';
import { openWorld, type World } from './world.ts';

export interface Outcome {
  readonly rounds: number;
  /** Spans and evaluation results whose request was answered with 200. */
  readonly acknowledged: number;
  /** Acknowledged and not in the tables. */
  readonly lost: number;
  /** Rows beyond one a span, in any table or rollup. */
  readonly doubled: number;
  /** Acknowledged and never at a forward target; of each target. */
  readonly forward_lost: number;
  /** … by signal and the way they came. */
  readonly ways: Readonly<Record<string, number>>;
  /** Spans and evaluation results answered with 503. */
  readonly refused: number;
  /** Refusals that a sidecar which lived did not count, or counted without one. */
  readonly refused_uncounted: number;
  /** The most a sidecar's process held, in bytes (Linux). */
  readonly memory_bytes: number;
  readonly seed: number;
  /** How often each fault came. */
  readonly faults: Readonly<Record<string, number>>;
  /** Rounds in which it did not: the life was over before. */
  readonly missed: Readonly<Record<string, number>>;
  /** What went wrong besides: answers nobody expected, what was not loaded in the end, faults that never came. */
  readonly problems: readonly string[];
}

export interface HarnessOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly without?: Guard | undefined;
  readonly progress: (line: string) => void;
}

export async function harness({ rounds, seed, without, progress }: HarnessOptions): Promise<Outcome> {
  const random = randomOf(seed);
  const planned: Round[] = [];
  // A fresh directory is migrated at its first start: it dies at some of those steps before it ever listens.
  for (const nth of without ? [] : [1, 11, 21]) planned.push({ ...stillborn, fault: { dieAt: 'migration', nth } });
  for (let index = 0; planned.length < rounds; index++)
    planned.push(...(kinds[index % kinds.length] as (typeof kinds)[number])(random));
  planned.length = rounds;

  const faults: Record<string, number> = {};
  const missed: Record<string, number> = {};
  let done = 0;
  const worlds = new Map<string, World>();
  try {
    for (const name of new Set(planned.map(({ world }) => world)))
      worlds.set(name, await openWorld(name, randomOf(seed), without));
    // Side by side: where one waits, the other goes on.
    const ends = await Promise.all(
      [...worlds].map(async ([name, world]) => {
        for (const round of planned.filter((each) => each.world === name)) {
          const into = (await world.live(round)) ? faults : missed;
          into[round.name] = (into[round.name] ?? 0) + 1;
          progress(`round ${++done} of ${rounds}: ${round.name}, ${world.sender.acknowledged.size} spans acknowledged`);
        }
        return world.end();
      }),
    );
    const sum = (of: (world: World) => number): number =>
      [...worlds.values()].reduce((total, world) => total + of(world), 0);
    const never = Object.entries(missed).filter(([name, times]) => times >= 3 && faults[name] === undefined);
    return {
      rounds,
      acknowledged: sum(({ sender }) => sender.acknowledged.size),
      ways: Object.fromEntries(
        [...new Set([...worlds.values()].flatMap(({ sender }) => Object.keys(sender.ways)))].map((way) => [
          way,
          sum(({ sender }) => sender.ways[way] ?? 0),
        ]),
      ),
      lost: ends.reduce((total, { lost }) => total + lost, 0),
      doubled: ends.reduce((total, { doubled }) => total + doubled, 0),
      forward_lost: ends.reduce((total, { forwardLost }) => total + forwardLost, 0),
      refused: sum(({ sender }) => sender.refused),
      refused_uncounted: sum(({ refusedUncounted }) => refusedUncounted),
      memory_bytes: Math.max(...[...worlds.values()].map(({ memoryBytes }) => memoryBytes)),
      seed,
      faults,
      missed,
      problems: [
        ...[...worlds.values()].flatMap(({ problems }) => problems),
        ...never.map(([name, times]) => `${name} never came in ${times} rounds`),
      ],
    };
  } finally {
    await Promise.all([...worlds.values()].map((world) => world.close()));
  }
}

const stillborn = { name: 'dies migration', world: 'embedded', isStillborn: true } as const;

/** mulberry32: the same seed, the same faults. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
