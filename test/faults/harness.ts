/**
 * The harness: lives of one sidecar on one data directory, each ended or troubled by a fault, while a sender sends
 * numbered spans. In the end it counts what was acknowledged against what is in the tables.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@clickhouse/client';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { type Fault, type guards, steps } from './inject.ts';
import { traceIdOf } from './numbered.ts';
import { type Connection, createSender } from './sender.ts';

export interface Outcome {
  readonly rounds: number;
  /** Spans whose request was answered with 200. */
  readonly acknowledged: number;
  /** Acknowledged and not in the tables. */
  readonly lost: number;
  /** Rows beyond one a span, in any table or rollup. */
  readonly doubled: number;
  /** Spans answered with 503. */
  readonly refused: number;
  /** Refusals that a sidecar which lived did not count, or counted without one. */
  readonly refused_uncounted: number;
  /** The most the sidecar's process held, in bytes (Linux). */
  readonly memory_bytes: number;
  readonly seed: number;
  /** How often each fault came. */
  readonly faults: Readonly<Record<string, number>>;
  /** What went wrong besides: answers nobody expected, sidecars that did not start. */
  readonly problems: readonly string[];
}

export interface HarnessOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly without?: (typeof guards)[number] | undefined;
  readonly progress: (line: string) => void;
}

interface Round {
  readonly name: string;
  readonly fault: Omit<Fault, 'syncedDirectory' | 'without'>;
  readonly connection?: Connection;
  readonly kill?: 'engine' | 'sidecar';
}

const injected = fileURLToPath(new URL('./inject.js', import.meta.url));

/** What may happen in a life, one after the other; where in it is left to chance. */
const kinds: readonly ((random: () => number) => Round)[] = [
  () => ({ name: 'kill -9 at any time', fault: {}, kill: 'sidecar' }),
  ...steps
    .filter((step) => step !== 'migration')
    .map((dieAt) => (random: () => number) => ({
      name: `dies ${dieAt}`,
      fault: { dieAt, nth: 1 + Math.floor(random() * 6) },
    })),
  () => ({ name: 'kill -9 of the engine', fault: {}, kill: 'engine' }),
  ...(['full', 'slow', 'read-only'] as const).map((disk) => (random: () => number) => ({
    name: `disk ${disk}`,
    fault: { disk, nth: 1 + Math.floor(random() * 4) },
  })),
  ...(['half-open', 'slow'] as const).map((connection) => () => ({
    name: `network ${connection}`,
    fault: {},
    connection,
    kill: 'sidecar' as const,
  })),
  () => ({ name: 'the clock jumps', fault: { clock: true }, kill: 'sidecar' }),
];

export async function harness({ rounds, seed, without, progress }: HarnessOptions): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-faults-'));
  const syncedDirectory = join(directory, 'synced');
  mkdirSync(syncedDirectory);
  const random = randomOf(seed);
  const sender = createSender(random);
  const faults: Record<string, number> = {};
  const problems: string[] = [];
  let memory = 0;
  let refusedUncounted = 0;

  const start = (fault: Round['fault']): Promise<SidecarProcess> =>
    startSidecarProcess(directory, ['--linger-ms', '20'], {
      flags: ['--import', injected],
      env: { ROUTESCOPE_FAULT: JSON.stringify({ ...fault, without, syncedDirectory }) },
    });

  try {
    // A fresh directory is migrated at its first start: it dies at some of those steps before it ever listens.
    for (let nth = 1; nth < 16; nth += 5) {
      faults['dies migration'] = (faults['dies migration'] ?? 0) + 1;
      await start({ dieAt: 'migration', nth }).then(
        (sidecar) => sidecar.stop('SIGKILL'),
        () => {},
      );
    }
    for (let index = 0; index < rounds; index++) {
      const round = (kinds[index % kinds.length] as (typeof kinds)[number])(random);
      faults[round.name] = (faults[round.name] ?? 0) + 1;
      const sidecar = await start(round.fault);
      let isOver = false;
      const refusedBefore = sender.refused;
      const sending = sender.send(sidecar.url, () => isOver, round.connection ?? 'good');
      await Promise.race([sleep(80 + random() * 300), sending]);
      if (round.kill === 'engine') {
        process.kill(sidecar.enginePid(), 'SIGKILL');
        await sleep(150);
      } else if (round.kill === 'sidecar') await sidecar.stop('SIGKILL');
      isOver = true;
      await sending;
      memory = Math.max(memory, sidecar.memoryBytes());
      const status = await sidecar.status().catch(() => undefined);
      if (status) refusedUncounted += Math.abs((status['refused'] ?? 0) - (sender.refused - refusedBefore));
      await sidecar.stop('SIGKILL');
      cutPower(join(directory, 'spool'), syncedDirectory);
      progress(`round ${index + 1} of ${rounds}: ${round.name}, ${sender.acknowledged.size} spans acknowledged`);
    }

    const last = await start({});
    await sender.finish(last.url);
    for (let patience = 0; (await last.status())['queued'] !== 0; patience++) {
      if (patience === 300) {
        problems.push('what is queued was not loaded within 30 s');
        break;
      }
      await sleep(100);
    }
    const counted = await count(last.url, sender.acknowledged);
    await last.stop('SIGTERM');
    return {
      rounds,
      acknowledged: sender.acknowledged.size,
      ...counted,
      refused: sender.refused,
      refused_uncounted: refusedUncounted,
      memory_bytes: memory,
      seed,
      faults,
      problems: [...problems, ...sender.oddAnswers],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Takes away what was written and not yet surely on disk: a kill leaves it in the page cache, a power cut does not. */
function cutPower(spool: string, syncedDirectory: string): void {
  for (const name of readdirSync(spool).filter((file) => file.endsWith('.seg'))) {
    const path = join(spool, name);
    const record = join(syncedDirectory, name);
    const synced = existsSync(record) ? Number(readFileSync(record, 'utf8').trim().split('\n').at(-1)) : 0;
    if (statSync(path).size > synced) truncateSync(path, synced);
  }
}

async function count(url: string, acknowledged: ReadonlySet<number>): Promise<{ lost: number; doubled: number }> {
  const client = createClient({ url, pathname: '/query' });
  const ask = async <Row>(query: string): Promise<Row[]> =>
    (await client.query({ query, format: 'JSONEachRow' })).json();
  const stored = new Set<string>();
  const size = 50_000;
  for (let from = 0; ; from += size) {
    const rows = await ask<{ TraceId: string }>(
      `SELECT DISTINCT TraceId FROM routescope.otel_traces ORDER BY TraceId LIMIT ${size} OFFSET ${from}`,
    );
    for (const { TraceId } of rows) stored.add(TraceId);
    if (rows.length < size) break;
  }
  const [rows] = await ask<Record<string, number>>(`
    SELECT
      toUInt32((SELECT count() FROM routescope.otel_traces)) AS otel_traces,
      toUInt32((SELECT count() FROM routescope.attempts)) AS attempts,
      toUInt32((SELECT count() FROM routescope.calls)) AS calls,
      toUInt32((SELECT sum(attempts) FROM routescope.attempts_1m)) AS attempts_1m,
      toUInt32((SELECT sum(calls) FROM routescope.calls_1m)) AS calls_1m`);
  await client.close();
  let lost = 0;
  for (const number of acknowledged) if (!stored.has(traceIdOf(number))) lost++;
  let doubled = 0;
  for (const many of Object.values(rows ?? {})) {
    doubled += Math.max(0, many - stored.size);
    lost += Math.max(0, stored.size - many); // in one table and not in another is lost too
  }
  return { lost, doubled };
}

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
