/** The small files beside the segments: who has the directory, its name, and how far each consumer is. */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf, isRunning } from '../process.ts';

/** One process per directory. A lock whose process is gone is taken over. */
export function lock(directory: string): void {
  const path = join(directory, 'lock');
  for (let tries = 0; tries < 2; tries++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, identityOf(process.pid));
      closeSync(file);
      return;
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== 'EEXIST') throw problem;
      const owner = readFileSync(path, 'utf8');
      if (isRunning(owner)) {
        throw new Error(
          `the data directory of ${directory} is in use by process ${owner.split(' ', 1)[0]}: stop that sidecar, or give this one a directory of its own with --data`,
        );
      }
      unlinkSync(path);
    }
  }
}

export async function identity(directory: string): Promise<string> {
  const path = join(directory, 'id');
  if (!existsSync(path)) await writeWhole(directory, path, randomUUID());
  return (await readFile(path, 'utf8')).trim();
}

/** Number of the segment the consumer consumed last; undefined for a consumer that never was here. */
export async function readCursor(directory: string, consumer: string): Promise<number | undefined> {
  const path = join(directory, `${consumer}.cursor`);
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, 'utf8');
  if (!/^\d+$/.test(text.trim()))
    throw new Error(
      `${path} does not hold a segment number; it says ${JSON.stringify(text.slice(0, 40))}. Write the number of the last segment that was consumed into it, or remove it: what was loaded lately is not loaded twice`,
    );
  return Number(text);
}

export const writeCursor = (directory: string, consumer: string, segment: number): Promise<void> =>
  writeWhole(directory, join(directory, `${consumer}.cursor`), String(segment));

/** All of it or none of it, also when the power goes. */
export async function writeWhole(directory: string, path: string, text: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  await rename(temporary, path);
  await syncDirectory(directory);
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
