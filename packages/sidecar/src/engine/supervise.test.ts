import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { openEngine } from './supervise.ts';

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
