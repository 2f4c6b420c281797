/** The small files beside the segments: who has the directory, its name, and how far each consumer is. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { identityOf, isRunning } from '../process.ts';

/** A lock that is empty for longer was left by a process that died while it made it. */
const unwrittenMs = 10_000;

/**
 * One process per directory. A lock whose process is gone is taken over by making the next one, `lock.8` after `lock.7`:
 * of several that try, one can. @returns the lock's path, to be removed in the end. @throws Error that names the owner.
 */
export function lock(directory: string): string {
  for (;;) {
    const locks = locksIn(directory);
    const last = lastLock(directory);
    const owner = ownerOf(directory);
    if (owner !== undefined)
      throw new Error(
        `the data directory of ${directory} is in use by ${owner}: stop that sidecar, or give this one a directory of its own with --data`,
      );
    const path = join(directory, `lock.${last + 1}`);
    try {
      writeFileSync(path, identityOf(process.pid), { flag: 'wx', mode: 0o600 });
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code === 'EEXIST') continue;
      rmSync(path, { force: true }); // a full disk makes it and writes nothing into it
      throw problem;
    }
    for (const name of locks) rmSync(join(directory, name), { force: true });
    return path;
  }
}

/** Who has the directory, in words; undefined when nobody does. */
export function ownerOf(directory: string): string | undefined {
  const last = lastLock(directory);
  return last === 0 ? undefined : ownerOfLock(join(directory, `lock.${last}`));
}

const locksIn = (directory: string): string[] => readdirSync(directory).filter((name) => /^lock\.\d+$/.test(name));
const lastLock = (directory: string): number =>
  Math.max(0, ...locksIn(directory).map((name) => Number(name.slice('lock.'.length))));

function ownerOfLock(path: string): string | undefined {
  try {
    const owner = readFileSync(path, 'utf8');
    if (owner === '')
      return Math.abs(Date.now() - statSync(path).mtimeMs) < unwrittenMs ? 'a sidecar that is starting' : undefined;
    return isRunning(owner) ? `process ${owner.split(' ', 1)[0]}` : undefined;
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // removed by who took it over
    throw problem;
  }
}

export async function identity(directory: string): Promise<string> {
  const path = join(directory, 'id');
  if (!existsSync(path)) await writeWhole(directory, path, randomUUID());
  const id = (await readFile(path, 'utf8')).trim();
  if (/^[\w-]+$/.test(id)) return id;
  throw new Error(
    `${path} does not hold the name of this spool, under which its segments are known to the tables: put it back from a copy; or, when nothing waits to be loaded, remove the directory`,
  );
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

/** Makes a directory and those above it that are not there, so that they stay when the power goes. */
export async function makeDirectory(path: string): Promise<void> {
  let made = resolve(path);
  const first = await mkdir(made, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
