/**
 * Records that were not loaded, as files a person can look at and put back with `routescope replay`: what the engine
 * refuses for good, and spans whose time is far off. `<name>.seg` holds the records as in the spool, `<name>.json` says why.
 */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, writeWhole } from '../spool/files.ts';
import type { Lateness } from './lateness.ts';

export interface DeadLetter {
  readonly spans: number;
  /** `fatal`: the engine went silent each time it was given them. */
  readonly reason: 'refused' | 'fatal' | Lateness;
  /** What the engine said; else a sentence. */
  readonly because: string;
  /** Under which they are inserted when they are put back, so that putting back twice adds nothing. */
  readonly token: string;
  /** ISO time. */
  readonly at: string;
}

export interface DeadLetters {
  /** Resolves when they are on disk; the same name again replaces. @throws Error when there is no room for more. */
  write(name: string, records: Uint8Array, letter: DeadLetter): Promise<void>;
  /** `problem` instead of `letter` where what stands beside the records cannot be read. */
  list(): Promise<readonly Listed[]>;
  remove(name: string): Promise<void>;
}

interface Listed {
  readonly name: string;
  readonly path: string;
  readonly letter?: DeadLetter;
  readonly problem?: string;
}

/** @param maxBytes of all letters together. Beyond it nothing is set aside: loading waits, and the spool fills. */
export function deadLettersIn(directory: string, maxBytes = 1024 ** 3): DeadLetters {
  const file = (name: string, ending: 'seg' | 'json'): string => join(directory, `${name}.${ending}`);
  return {
    async write(name, records, letter) {
      await makeDirectory(directory);
      if ((await bytesIn(directory)) + records.length > maxBytes)
        throw new Error(`${directory} holds ${maxBytes} bytes: put them back with 'routescope replay', or remove them`);
      await writeWhole(directory, file(name, 'json'), `${JSON.stringify(letter, undefined, 2)}\n`);
      await writeWhole(directory, file(name, 'seg'), records); // last: a letter is there once its records are
    },
    async list() {
      const names = (await readdir(directory).catch(() => [])).filter((each) => each.endsWith('.seg')).sort();
      return Promise.all(
        names.map(async (each) => {
          const name = each.slice(0, -'.seg'.length);
          const path = file(name, 'seg');
          try {
            return { name, path, letter: JSON.parse(await readFile(file(name, 'json'), 'utf8')) as DeadLetter };
          } catch (problem) {
            return { name, path, problem: `${file(name, 'json')} cannot be read: ${(problem as Error).message}` };
          }
        }),
      );
    },
    async remove(name) {
      await rm(file(name, 'seg'), { force: true });
      await rm(file(name, 'json'), { force: true });
    },
  };
}

async function bytesIn(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
