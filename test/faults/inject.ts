/**
 * Loaded into a sidecar before anything else (`node --import inject.js …`): makes it die at a named step, gives it a bad
 * disk or a bad clock, or takes one of its guards out, as `ROUTESCOPE_FAULT` says. It also keeps account of what is
 * surely on disk (power.ts), so that the harness can take away what a power cut would.
 */
import fs from 'node:fs';
import fsp, { type FileHandle } from 'node:fs/promises';
import http from 'node:http';
import { register, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accountOf } from './power.ts';

export const steps = ['before-fsync', 'after-fsync', 'before-cursor', 'rotation', 'merge', 'migration'] as const;
export const disks = ['full', 'slow', 'read-only', 'failing'] as const;
/** Written into `accountDirectory` when the fault has come. */
export const struckFile = 'struck';

export const guards = ['token', 'fsync', 'directory', 'seen'] as const;
export type Guard = (typeof guards)[number];

export interface Fault {
  /** Die at the `nth` time of this step. */
  readonly dieAt?: (typeof steps)[number];
  /** From 1: the time at which to die, or the write from which on the disk is bad. */
  readonly nth?: number;
  /** All but `slow` pass after a while; `failing` syncs nothing and cuts nothing off. */
  readonly disk?: (typeof disks)[number];
  /** The clock jumps by a day to and fro. */
  readonly clock?: boolean;
  /** A guard that is taken out. */
  readonly without?: Guard | undefined;
  /** Where the account of what is on disk is kept. */
  readonly accountDirectory: string;
}

/** So few small segments are put together, that it happens in every life. */
const mergeSegments = 12;

const text = process.env['ROUTESCOPE_FAULT'];
if (text) await inject(JSON.parse(text) as Fault);

async function inject(fault: Fault): Promise<void> {
  const { dieAt, nth = 1, disk, without, accountDirectory } = fault;
  let passed = 0;
  let hasStruck = false;
  const struck = (): void => {
    if (!hasStruck) fs.writeFileSync(join(accountDirectory, struckFile), '');
    hasStruck = true;
  };
  const step = (name: (typeof steps)[number]): void => {
    if (name !== dieAt || ++passed !== nth) return;
    struck();
    process.kill(process.pid, 'SIGKILL');
  };
  const account = accountOf(accountDirectory);
  const failing = 15;
  const error = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

  /** Segments that are being written; the loader opens them too, to read. */
  const segments = new WeakMap<FileHandle, string>();
  const segmentOf = (file: FileHandle): string | undefined => segments.get(file);
  /** Directories, and files that are written or synced otherwise. */
  const others = new WeakMap<FileHandle, string>();
  const { open, rename, writeFile } = fsp;
  const some = await open('/dev/null');
  const proto = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  let opened = 0;
  let written = 0;
  let synced = 0;
  const isFailing = (count: number): boolean => count >= nth && count < nth + failing;

  fsp.open = async (path, flags, mode) => {
    if (!String(path).endsWith('.seg') || flags !== 'a') {
      const other = await open(path, flags, mode);
      others.set(other, String(path));
      return other;
    }
    if (disk === 'read-only' && isFailing(++opened)) {
      struck();
      throw error('EROFS');
    }
    account.making(String(path));
    const file = await open(path, flags, mode);
    segments.set(file, String(path));
    const close = file.close.bind(file); // each handle has a `close` of its own
    file.close = () => {
      step('rotation');
      return close();
    };
    return file;
  };
  // While the disk is bad it takes no cursor either, no dead letter, and no portion of a segment.
  fsp.writeFile = async (...given) => {
    if (disk === 'read-only' && isFailing(opened)) throw error('EROFS');
    if (disk === 'full' && isFailing(written)) throw error('ENOSPC');
    await writeFile(...given);
    const [path, , options] = given;
    if ((options as { flush?: boolean } | undefined)?.flush)
      account.synced(String(path), fs.statSync(String(path)).size);
  };
  fsp.rename = async (from, to) => {
    if (String(to).endsWith('.cursor')) step('before-cursor');
    if (String(to).endsWith('.seg') && !String(to).includes('dead-letter')) step('merge');
    account.renaming(String(from), String(to));
    await rename(from, to);
    if (String(to).endsWith('.seg') && !String(to).includes('dead-letter')) step('merge');
  };
  const { writev, datasync, sync, truncate } = proto;
  proto.truncate = async function (this: FileHandle, bytes) {
    if (disk === 'failing' && segmentOf(this) && isFailing(++synced)) throw error('EIO');
    return truncate.call(this, bytes);
  };
  proto.sync = async function (this: FileHandle) {
    const path = others.get(this) as string;
    const stat = await this.stat();
    if (without === (stat.isDirectory() ? 'directory' : 'fsync')) return;
    await sync.call(this);
    if (stat.isDirectory()) account.directorySynced(path);
    else account.synced(path, stat.size);
  };
  proto.writev = async function (this: FileHandle, buffers: readonly NodeJS.ArrayBufferView[]) {
    if (disk === 'full' && segmentOf(this) && isFailing(++written)) {
      struck();
      const all = Buffer.concat(buffers as Uint8Array[]);
      await this.write(all.subarray(0, all.length / 2)); // a full disk takes what fits
      throw error('ENOSPC');
    }
    return writev.call(this, buffers);
  } as typeof writev;
  proto.datasync = async function (this: FileHandle) {
    const path = segmentOf(this);
    if (!path) {
      if (without === 'fsync') return;
      await datasync.call(this);
      return account.synced(others.get(this) as string, (await this.stat()).size);
    }
    step('before-fsync');
    if (disk === 'failing' && isFailing(++synced)) {
      struck();
      throw error('EIO');
    }
    if (disk === 'slow') {
      struck();
      await sleep(40);
    }
    if (without !== 'fsync') {
      await datasync.call(this);
      account.synced(path, (await this.stat()).size);
    }
    step('after-fsync');
  };

  const { request } = http;
  http.request = ((...given: unknown[]) => {
    step('migration'); // the engine is asked for nothing else so early
    const url = given[0];
    if (without === 'token' && url instanceof URL && url.searchParams.has('insert_deduplication_token')) {
      url.searchParams.delete('insert_deduplication_token');
      url.searchParams.set('insert_deduplicate', '0');
    }
    return (request as (...all: unknown[]) => http.ClientRequest)(...given);
  }) as typeof request;
  syncBuiltinESMExports();

  if (fault.clock) {
    const now = Date.now;
    let calls = 0;
    Date.now = () => {
      if (calls === 3) struck();
      return now() + ([0, 86_400_000, -86_400_000][calls++ % 3] as number);
    };
  }
  const forgetful =
    'export const createSeen = () => ({ add: () => [], remove() {} }); export const openSeen = createSeen;';
  const hook = `export async function load(url, context, next) {
    if (${without === 'seen'} && url.endsWith('/spool/seen.js')) return { format: 'module', shortCircuit: true, source: ${JSON.stringify(forgetful)} };
    const loaded = await next(url, context);
    if (!url.endsWith('/spool/spool.js')) return loaded;
    return { ...loaded, source: String(loaded.source).replace('mergeSegments = 256', 'mergeSegments = ${mergeSegments}') };
  }`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
