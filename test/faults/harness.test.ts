/** The harness proves what it would notice: with any one guard taken out of the sidecar, it finds loss or doubles. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../dist/faults/main.js', import.meta.url));

const run = (...flags: string[]): Promise<{ code: number; lost: number; doubled: number }> =>
  new Promise((done, failed) =>
    execFile(process.execPath, [main, '--json', ...flags], (problem, stdout) => {
      if (stdout === '') return failed(problem ?? new Error('the harness said nothing'));
      done({ code: Number(problem?.code ?? 0), ...JSON.parse(stdout) });
    }),
  );

/** When a fault strikes is chance; a guard's absence that one seed does not show, another does. */
async function withoutGuard(guard: string, rounds: number): Promise<{ code: number; lost: number; doubled: number }> {
  for (let seed = 1; ; seed++) {
    const outcome = await run('--rounds', String(rounds), '--seed', String(seed), '--without', guard);
    if (outcome.code !== 0 || seed === 3) return outcome;
  }
}

test('without an fsync, of files or of directories, spans are lost; without the token, or without the set of seen spans, they are doubled', async () => {
  const [fsync, directory, token, seen] = await Promise.all([
    withoutGuard('fsync', 3),
    withoutGuard('directory', 3),
    withoutGuard('token', 5),
    withoutGuard('seen', 3),
  ]);
  expect(fsync?.code).toBe(1);
  expect(fsync?.lost).toBeGreaterThan(0);
  expect(directory?.code).toBe(1);
  expect(directory?.lost).toBeGreaterThan(0);
  expect(token?.code).toBe(1);
  expect(token?.doubled).toBeGreaterThan(0);
  expect(seen?.code).toBe(1);
  expect(seen?.doubled).toBeGreaterThan(0);
}, 240_000);
