/** One data directory with everything around it, in which a sidecar lives and dies again and again. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { startGrpcCollector, startHttpCollector } from './collector.ts';
import { type Counted, count } from './count.ts';
import { type LinkState, openEngine, openLink, reachEngine } from './engine.ts';
import { type Guard, struckFile } from './inject.ts';
import { cutPower } from './power.ts';
import type { Round, WorldName } from './rounds.ts';
import { createSender, type Sender } from './sender.ts';
import { type Door, openDoor } from './ways.ts';

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
  const accountDirectory = join(directory, 'account');
  mkdirSync(accountDirectory);
  const sender = createSender(random);
  const problems: string[] = [];
  let memoryBytes = 0;
  let refusedUncounted = 0;

  const engine = name === 'server' ? await openEngine(join(directory, 'server')) : undefined;
  const collectors = name === 'embedded' ? await Promise.all([startHttpCollector(), startGrpcCollector()]) : [];
  const far = engine ? [engine.door.options.socketPath as string] : collectors.map(({ port }) => port);
  const links = await Promise.all(far.map(openLink));
  const place = engine
    ? ['--clickhouse', `http://writer@127.0.0.1:${links[0]?.port}`]
    : ['--forward-file', join(directory, 'targets.json')];
  writeFileSync(
    join(directory, 'targets.json'),
    JSON.stringify(
      ['http', 'grpc'].map((way, index) => ({
        name: way,
        url: `${way}://127.0.0.1:${links[index]?.port}`,
        logs: true,
      })),
    ),
  );
  const troubledLinks = (): number => links.reduce((sum, link) => sum + link.troubled, 0);
  const setLinks = async (state: LinkState): Promise<void> =>
    void (await Promise.all(links.map((link) => link.set(state))));
  const doorOf = async (sidecar: SidecarProcess): Promise<Door> => {
    const status = await sidecar.status().catch(() => undefined); // it may be dead already
    return openDoor(sidecar.url, status?.['grpcPort']);
  };

  let running: SidecarProcess | undefined;
  const start = async (fault: Round['fault'] = {}, options: readonly string[] = []): Promise<SidecarProcess> => {
    running = await startSidecarProcess(data, ['--linger-ms', '60', ...place, ...options], {
      flags: ['--import', injected],
      env: { ROUTESCOPE_FAULT: JSON.stringify({ ...fault, without, accountDirectory }) },
    });
    return running;
  };

  /** The power may go with a life, or in a later one: until then everything written is there, synced or not. */
  const powerMayGo = (): void => {
    if (without || random() < 0.5) cutPower(accountDirectory);
  };

  async function live(round: Round): Promise<boolean> {
    const struck = join(accountDirectory, struckFile);
    rmSync(struck, { force: true });
    const before = { link: troubledLinks(), sender: sender.troubled, refused: sender.refused };
    await setLinks(round.link ?? 'good');
    if (round.isStillborn) {
      await start(round.fault).then(
        (sidecar) => sidecar.stop('SIGKILL'),
        () => {},
      );
      powerMayGo();
      return existsSync(struck);
    }
    const sidecar = await start(round.fault, round.options);
    let isOver = false;
    const door = await doorOf(sidecar);
    const sending = sender.send(door, () => isOver, round.connection ?? 'good');
    const hasStruck = (): boolean => {
      if (round.fault) return existsSync(struck);
      if (round.connection) return sender.troubled > before.sender;
      return round.link === undefined || round.link === 'refused' || troubledLinks() > before.link;
    };
    for (let patience = strikePatienceMs; !hasStruck() && patience > 0; patience -= 20)
      await Promise.race([sleep(20), sending]);
    await round.happens?.({
      sidecar,
      aWhile: () => Promise.race([sleep(80 + random() * 300), sending]),
      link: setLinks,
      async forgetMigrations() {
        const { writer, close } = await reachEngine(join(data, 'engine'), () => {});
        await writer.command({ query: 'TRUNCATE TABLE routescope.schema_migrations' });
        await close();
      },
    });
    if (!round.happens) await Promise.race([sleep(80 + random() * 300), sending]);
    isOver = true;
    await sending;
    door.close();
    memoryBytes = Math.max(memoryBytes, sidecar.memoryBytes());
    const status = await sidecar.status().catch(() => undefined);
    if (status) refusedUncounted += Math.abs((status['refused'] ?? 0) - (sender.refused - before.refused));
    await sidecar.stop('SIGKILL');
    powerMayGo();
    return hasStruck();
  }

  /** Puts back what was set aside; and once more, as if it had died before it took the letters away. */
  async function replayTwice(sidecar: SidecarProcess): Promise<void> {
    const letters = join(data, 'dead-letter');
    if (!existsSync(letters)) return;
    cpSync(letters, `${letters}-copy`, { recursive: true });
    for (let times = 0; times < 2; times++) {
      const answer = await fetch(`${sidecar.url}/v1/replay`, { method: 'POST' });
      const replayed = (await answer.json()) as { refused: number; problems: string[] };
      problems.push(...replayed.problems);
      if (times === 0) cpSync(`${letters}-copy`, letters, { recursive: true });
    }
  }

  async function end(): Promise<Counted & { readonly forwardLost: number }> {
    await setLinks('good');
    const last = await start();
    const door = await doorOf(last);
    await sender.finish(door);
    door.close();
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
    await replayTwice(last);
    const counted = await count(last.url, sender.acknowledged);
    await last.stop('SIGTERM');
    let forwardLost = 0;
    for (const { got } of collectors) for (const number of sender.acknowledged) if (!got.has(number)) forwardLost++;
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
      await running?.stop('SIGKILL');
      for (const each of collectors) each.close();
      await Promise.all(links.map((link) => link.close()));
      await engine?.close();
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
