/**
 * Which runs of records were refused and cut in halves. Their halves may be in the tables, each under a token of its own;
 * so they are never inserted whole afterwards, also not when that would do by then, and not after a crash.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClickHouseError } from '@clickhouse/client';
import { makeDirectory, writeWhole } from '../spool/files.ts';

export interface Cuts {
  /** Why the run of that token was cut; undefined when it was not. */
  reasonFor(token: string): unknown;
  /** Whether the portion of that token, or any run of it, was cut. */
  hasAnyOf(token: string): boolean;
  /** Resolves when it is on disk. */
  note(token: string, because: unknown): Promise<void>;
  /** Nothing of that portion went in; without one, the segment is done. */
  forget(portion?: string): Promise<void>;
}

interface Reason {
  readonly message: string;
  readonly code?: string | undefined;
}

/** @param path of the file they are kept in. @throws the disk's error, or that of a broken file. */
export function openCuts(path: string): Cuts {
  let cuts = read(path);
  /** What is not on disk is not noted: a cut that a crash forgets must not have been made. */
  async function keep(next: ReadonlyMap<string, Reason>): Promise<void> {
    if (next.size > 0) {
      await makeDirectory(dirname(path));
      await writeWhole(dirname(path), path, JSON.stringify(Object.fromEntries(next)));
    } else await rm(path, { force: true });
    cuts = next;
  }
  return {
    reasonFor(token) {
      const reason = cuts.get(token);
      return reason && errorOf(reason);
    },
    hasAnyOf: (token) => [...cuts.keys()].some((each) => isOf(token, each)),
    note(token, because) {
      const { message, code } = because as NodeJS.ErrnoException;
      return keep(new Map(cuts).set(token, { message, code }));
    },
    async forget(portion) {
      const left = [...cuts].filter(([token]) => portion !== undefined && !isOf(portion, token));
      if (left.length < cuts.size) await keep(new Map(left));
    },
  };
}

function read(path: string): ReadonlyMap<string, Reason> {
  if (!existsSync(path)) return new Map();
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, Reason>));
  } catch (problem) {
    throw new Error(
      `${path} cannot be read (${(problem as Error).message}): it says which segments went into the tables in halves. Put it back from a copy, or remove it: the oldest segment that waits may then be doubled`,
    );
  }
}

/** Whether `token` is that of a portion, or of a run of it. */
export const isOf = (portion: string, token: string): boolean => token === portion || token.startsWith(`${portion}/`);

/** As it was when it was noted, for all that the verdict on it goes by. */
function errorOf({ message, code }: Reason): Error {
  if (code !== undefined && /^\d+$/.test(code)) return new ClickHouseError({ message, code, type: '' });
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
