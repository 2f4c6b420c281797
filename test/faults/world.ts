/** One data directory with everything around it, in which a sidecar lives and dies again and again. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startSidecarProcess } from '../sidecar.ts';
import { startCollector } from './collector.ts';
import { type Counted, count } from './count.ts';
import { type Link, openEngine, openLink, reachEngine } from './engine.ts';
import { type Guard, struckFile } from './inject.ts';
import type { Round, WorldName } from './rounds.ts';
import { createSender, type Sender } from './sender.ts';

export interface World {
  readonly sender: Sender;
  /** One life. Resolves to whether its fault came. */
  live(round: Round): Promise<boolean>;
  /** Sends what is still open, waits until everything is where it belongs, and counts. */
  end(): Promise<Counted & { readonly forwardLost: number }>;
  /** Refusals that a sidecar which lived did not count, or counted without one. */
  readonly refusedUncounted: number;
  /** The most a sidecar's process held, in bytes (Linux). */
  readonly memoryBytes: number;
  readonly problems: readonly string[];
  close(): Promise<void>;
}

const injected = fileURLToPath(new URL('./inject.js', import.meta.url));
const endPatienceMs = 30_000;
/** A fault has so long to come, from when the sidecar listens. */
const strikePatienceMs = 5_000;

export async function openWorld(name: WorldName, random: () => number, without?: Guard): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-faults-'));
  const data = join(directory, 'data');
  const syncedDirectory = join(directory, 'synced');
  mkdirSync(syncedDirectory);
  const sender = createSender(random);
  const problems: string[] = [];
  let memoryBytes = 0;
  let refusedUncounted = 0;

  const engine = name === 'server' ? await openEngine(join(directory, 'server')) : undefined;
  const collector = name === 'embedded' ? await startCollector() : undefined;
  const link: Link = await openLink(collector?.port ?? (engine?.door.options.socketPath as string));
  const place = engine
    ? ['--clickhouse', `http://writer@127.0.0.1:${link.port}`]
    : ['--forward', `http://127.0.0.1:${link.port}`];

  const start = (fault: Round['fault'] = {}, options: readonly string[] = []) =>
    startSidecarProcess(data, ['--linger-ms', '60', ...place, ...options], {
      flags: ['--import', injected],
      env: { ROUTESCOPE_FAULT: JSON.stringify({ ...fault, without, syncedDirectory }) },
    });

  async function live(round: Round): Promise<boolean> {
    const struck = join(syncedDirectory, struckFile);
    rmSync(struck, { force: true });
    const before = { link: link.troubled, sender: sender.troubled, refused: sender.refused };
    await link.set(round.link ?? 'good');
    if (round.isStillborn) {
      await start(round.fault).then(
        (sidecar) => sidecar.stop('SIGKILL'),
        () => {},
      );
      return existsSync(struck);
    }
    const sidecar = await start(round.fault, round.options);
    let isOver = false;
    const sending = sender.send(sidecar.url, () => isOver, round.connection ?? 'good');
    const hasStruck = (): boolean => {
      if (round.fault) return existsSync(struck);
      if (round.connection) return sender.troubled > before.sender;
      return round.link === undefined || round.link === 'refused' || link.troubled > before.link;
    };
    for (let patience = strikePatienceMs; !hasStruck() && patience > 0; patience -= 20)
      await Promise.race([sleep(20), sending]);
    await round.happens?.({
      sidecar,
      aWhile: () => Promise.race([sleep(80 + random() * 300), sending]),
      link: (state) => link.set(state),
      async forgetMigrations() {
        const { writer, close } = await reachEngine(join(data, 'engine'), () => {});
        await writer.command({ query: 'TRUNCATE TABLE routescope.schema_migrations' });
        await close();
      },
    });
    if (!round.happens) await Promise.race([sleep(80 + random() * 300), sending]);
    isOver = true;
    await sending;
    memoryBytes = Math.max(memoryBytes, sidecar.memoryBytes());
    const status = await sidecar.status().catch(() => undefined);
    if (status) refusedUncounted += Math.abs((status['refused'] ?? 0) - (sender.refused - before.refused));
    await sidecar.stop('SIGKILL');
    cutPower(join(data, 'spool'), syncedDirectory);
    return hasStruck();
  }

  async function end(): Promise<Counted & { readonly forwardLost: number }> {
    await link.set('good');
    const last = await start();
    await sender.finish(last.url);
    const left = async (): Promise<number> => {
      const { queued, forward } = (await last.status()) as unknown as { queued: number; forward: { queued: number }[] };
      return queued + forward.reduce((sum, each) => sum + each.queued, 0);
    };
    let before = Number.POSITIVE_INFINITY;
    for (let patience = endPatienceMs; before > 0 && patience > 0; patience -= 100) {
      const now = await left();
      if (now < before) patience = endPatienceMs;
      before = now;
      if (now > 0) await sleep(100);
    }
    if (before > 0) problems.push(`of what is queued nothing was loaded or forwarded for ${endPatienceMs / 1_000} s`);
    const counted = await count(last.url, sender.acknowledged);
    await last.stop('SIGTERM');
    let forwardLost = 0;
    if (collector) for (const number of sender.acknowledged) if (!collector.got.has(number)) forwardLost++;
    return { ...counted, forwardLost };
  }

  return {
    sender,
    live,
    end,
    get refusedUncounted() {
      return refusedUncounted;
    },
    get memoryBytes() {
      return memoryBytes;
    },
    get problems() {
      return [...problems, ...sender.oddAnswers];
    },
    async close() {
      await Promise.all([link.close(), collector?.close()]);
      await engine?.close();
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
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
