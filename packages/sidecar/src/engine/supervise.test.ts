import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { engineIn, openEngine } from './supervise.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-supervise-'));
const said: string[] = [];
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(directory, (line) => said.push(line), 10_000, 2_000);
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

test('an engine that hangs when its sidecar is killed is killed by the next one', { timeout: 60_000 }, async () => {
  const home = join(directory, 'orphaned');
  const open = `import { openEngine } from ${JSON.stringify(new URL('../../dist/engine/supervise.js', import.meta.url).href)}; const engine = await openEngine(${JSON.stringify(home)}); console.log(engine.pid); setInterval(() => {}, 1_000);`;
  const sidecar = spawn(process.execPath, ['--input-type=module', '--eval', open], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number(await new Promise((done) => sidecar.stdout.once('data', done)));
  process.kill(pid, 'SIGSTOP');
  sidecar.kill('SIGKILL');
  await once(sidecar, 'exit');
  const lines: string[] = [];
  const next = await openEngine(home, (line) => lines.push(line));
  expect((await next.reader.ping()).success).toBe(true);
  await next.close();
  expect(lines).toEqual(['the engine of a sidecar that is gone hung in the directory; it was killed']);
});

const answers = async (): Promise<boolean> => (await engine.reader.ping()).success;

test.each([
  ['hangs', 'SIGSTOP', 'has not answered for 2000 ms'],
  ['is killed, as for want of memory', 'SIGKILL', 'the engine ended (SIGKILL)'],
] as const)('an engine that %s is started again, and said', { timeout: 60_000 }, async (_, signal, says) => {
  const before = { pid: engine.pid as number, restarts: engine.restarts };
  process.kill(before.pid, signal);
  await expect.poll(() => engine.restarts, { timeout: 30_000 }).toBeGreaterThan(before.restarts);
  await expect.poll(answers, { timeout: 10_000 }).toBe(true);
  expect(engine.pid).not.toBe(before.pid);
  expect(said.join('\n')).toContain(says);
});
