import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { engineIn, openEngine, reachEngine } from './supervise.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-supervise-'));
const said: string[] = [];
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(directory, { log: (line) => said.push(line), hangMs: 2_000 });
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

test('a start under way ends when it is no longer wanted', { timeout: 60_000 }, async () => {
  const { engine: young, start } = engineIn(join(directory, 'young'));
  const starting = start().catch((problem: Error) => problem.message);
  await young.close();
  expect(await starting).toContain('the engine ended before it was ready (SIGKILL)');
});

test('one that cannot be started at all, as without memory or numbers for it, is an error and no end of us', async () => {
  const home = join(directory, 'gone');
  const { engine: none, start } = engineIn(home);
  rmSync(home, { recursive: true });
  await expect(start()).rejects.toThrow(`no process can be started for the engine in ${home}`);
  await none.close();
});

test('a start that takes too long is ended, and the next one has twice as long', { timeout: 60_000 }, async () => {
  const { engine: slow, start } = engineIn(join(directory, 'slow'), { startMs: 20 });
  const patience: number[] = [];
  for (let isReady = false; !isReady; ) {
    isReady = await start().then(
      () => true,
      ({ message }: Error) => {
        patience.push(Number(/not ready after (\S+) s/.exec(message)?.[1]));
        return false;
      },
    );
  }
  await slow.close();
  expect(patience.slice(0, 3)).toEqual([0.02, 0.04, 0.08]);
});

/** A process that has the engine on `home`, as a sidecar has. */
async function sidecarOn(home: string) {
  const open = `import { openEngine } from ${JSON.stringify(new URL('../../dist/engine/supervise.js', import.meta.url).href)}; const engine = await openEngine(${JSON.stringify(home)}); console.log(engine.pid); setInterval(() => {}, 1_000);`;
  const sidecar = spawn(process.execPath, ['--input-type=module', '--eval', open], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number(await new Promise((done) => sidecar.stdout.once('data', done)));
  return { sidecar, pid };
}

test('behind a sidecar that was killed a command finds an engine of its own, and takes its socket away', {
  timeout: 60_000,
}, async () => {
  const home = join(directory, 'killed');
  const { sidecar } = await sidecarOn(home);
  const socket = readFileSync(join(home, 'socket'), 'utf8');
  sidecar.kill('SIGKILL');
  await once(sidecar, 'exit');
  expect(existsSync(socket)).toBe(true);
  const found = await reachEngine(home, () => {});
  expect((await found.reader.ping()).success).toBe(true);
  await found.close();
  expect(existsSync(dirname(socket))).toBe(false);
});

test('an engine that hangs when its sidecar is killed is killed by the next one', { timeout: 60_000 }, async () => {
  const home = join(directory, 'orphaned');
  const { sidecar, pid } = await sidecarOn(home);
  process.kill(pid, 'SIGSTOP');
  sidecar.kill('SIGKILL');
  await once(sidecar, 'exit');
  const lines: string[] = [];
  const next = await openEngine(home, { log: (line) => lines.push(line) });
  expect((await next.reader.ping()).success).toBe(true);
  await next.close();
  expect(lines).toEqual(['the engine of a sidecar that is gone hung in the directory; it was killed']);
});

const answers = async (): Promise<boolean> => (await engine.reader.ping()).success;

test('a statement that waits for its turn when its asker gives up is not run', async () => {
  const busy = engine.writer.query({ query: 'SELECT sleep(0.6)', format: 'TabSeparated' });
  const waiting = engine.writer.command({ query: 'CREATE DATABASE late', abort_signal: AbortSignal.timeout(100) });
  await expect(waiting).rejects.toThrow();
  await (await busy).text();
  await engine.writer.command({ query: 'CREATE DATABASE later' }); // behind it
  const result = await engine.writer.query({ query: 'SHOW DATABASES', format: 'TabSeparated' });
  const databases = (await result.text()).split('\n');
  expect(databases).toContain('later');
  expect(databases).not.toContain('late');
});

test('what stops the whole group leaves the engine to its sidecar', async () => {
  const { pid } = engine;
  process.kill(pid as number, 'SIGTERM');
  process.kill(pid as number, 'SIGINT');
  const result = await engine.reader.query({ query: 'SELECT sleep(0.2)', format: 'TabSeparated' });
  expect(await result.text()).toBe('0\n');
  expect(engine.pid).toBe(pid);
});

test.each([
  ['hangs', 'SIGSTOP', 'has not answered for 2000 ms'],
  ['is killed, as for want of memory', 'SIGKILL', 'the engine ended (SIGKILL)'],
  ['is killed where no note can be made of it', 'SIGKILL', 'other commands will not find the engine that runs'],
  ['is killed once more there', 'SIGKILL', 'the engine ended (SIGKILL)'],
] as const)('an engine that %s is started again, and said', { timeout: 60_000 }, async (_, signal, says) => {
  const before = { pid: engine.pid as number, restarts: engine.restarts };
  if (says.startsWith('other commands')) {
    rmSync(join(directory, 'owners'));
    mkdirSync(join(directory, 'owners'));
  }
  said.length = 0;
  process.kill(before.pid, signal);
  await expect.poll(() => engine.restarts, { timeout: 30_000 }).toBeGreaterThan(before.restarts);
  await expect.poll(answers, { timeout: 10_000 }).toBe(true);
  expect(engine.pid).not.toBe(before.pid);
  expect(said.join('\n')).toContain(says);
});
