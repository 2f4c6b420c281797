import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { identityOf } from '../process.ts';
import { delimited } from '../receive/records.ts';
import { makeDirectory } from './files.ts';
import { Keys } from './keys.ts';
import { piecesOf } from './pieces.ts';
import { contextOf, headOf, type Item, recordsOf, type StoredRecord, scan } from './record.ts';
import { createSeen, openSeen } from './seen.ts';
import { openSpool, type Spool, SpoolFull, type SpoolOptions } from './spool.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'routescope-spool-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

/** What all open files are. */
async function handles(): Promise<FileHandle> {
  const some = await open(directory);
  await some.close();
  return Object.getPrototypeOf(some) as FileHandle;
}

const open_ = (options: Partial<SpoolOptions> = {}) =>
  openSpool(directory, { consumers: [{ name: 'load' }], ...options });

/** A whole record with a span of random ids. */
function record(ids = randomBytes(24)): Buffer {
  const span = Buffer.concat([
    Buffer.from([0x0a, 16]),
    ids.subarray(0, 16),
    Buffer.from([0x12, 8]),
    ids.subarray(16, 24),
  ]);
  return recordOf(delimited(0x12, span));
}

function recordOf(...items: Buffer[]): Buffer {
  const context = contextOf({ received: 1n, earliest: 0, latest: 0 }, Buffer.from([0x22, 0]), Buffer.from([0x0a, 0]));
  return Buffer.concat([headOf(context, Buffer.concat(items)), ...items]);
}

describe('appending', () => {
  test('what is acknowledged is in the file, and everybody who waits shares one fsync', async () => {
    let syncs = 0;
    const disk = {
      open: async (path: string) => {
        const file = await open(path, 'a');
        const datasync = file.datasync.bind(file);
        file.datasync = async () => {
          syncs++;
          await datasync();
        };
        return file;
      },
    };
    const spool = await open_({ disk });
    const records = Array.from({ length: 50 }, () => record());
    await Promise.all(records.map((each) => spool.append([each], 1)));
    const [segment] = spool.segments;
    expect(readFileSync(segment?.path as string)).toEqual(Buffer.concat(records));
    expect(syncs).toBeLessThanOrEqual(2);
    expect(spool.lag('load')).toEqual({ spans: 50, bytes: 50 * (records[0]?.length as number), skipped: 0 });
    await spool.close();
  });

  test('beyond its bound it refuses, and takes again once something was consumed', async () => {
    const spool = await open_({ maxBytes: 3 * record().length - 1 });
    for (let index = 0; index < 3; index++) await spool.append([record()], 1);
    await expect(spool.append([record()], 1)).rejects.toThrow(SpoolFull);
    await spool.rotate();
    await spool.consumed('load', spool.pending('load')[0]?.number as number);
    await spool.append([record()], 1);
    await spool.close();
  });

  test('a failed fsync rejects everybody in the round, leaves no torn bytes, and the next append succeeds', async () => {
    let failures = 1;
    const disk = {
      open: async (path: string): Promise<FileHandle> => {
        const file = await open(path, 'a');
        const datasync = file.datasync.bind(file);
        file.datasync = async () => {
          if (failures-- > 0) throw new Error('ENOSPC: no space left on device');
          await datasync();
        };
        return file;
      },
    };
    const spool = await open_({ disk });
    const results = await Promise.allSettled([spool.append([record()], 1), spool.append([record()], 1)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    const good = record();
    await spool.append([good], 1);
    expect(Buffer.concat(spool.segments.map((segment) => readFileSync(segment.path)))).toEqual(good);
    await spool.close();
  });

  describe('records whose fsync failed', () => {
    /** From `fail` on it fails to sync, and then to cut off what was written, so many times. */
    function failing() {
      let [syncs, cuts] = [0, 0];
      const steps: string[] = [];
      const disk = {
        open: async (path: string): Promise<FileHandle> => {
          const file = await open(path, 'a');
          const { datasync, truncate } = file;
          file.datasync = async () => {
            steps.push('datasync');
            if (syncs-- > 0) throw new Error('EIO');
            await datasync.call(file);
          };
          file.truncate = async (bytes) => {
            steps.push('truncate');
            if (cuts-- > 0) throw new Error('EROFS');
            await truncate.call(file, bytes);
          };
          return file;
        },
      };
      return { disk, steps, fail: (...times: [number, number]) => ([syncs, cuts] = times) };
    }
    const filesOf = (spool: Spool): Buffer =>
      Buffer.concat(spool.pending('load').map((segment) => readFileSync(segment.path)));

    test('are handed to nobody when they cannot be cut off, and until they are nothing else is taken', async () => {
      const { disk, fail } = failing();
      const spool = await open_({ disk });
      const [good, refused] = [record(), record()];
      await spool.append([good], 1);
      fail(1, 3);
      await expect(spool.append([refused], 1)).rejects.toThrow('EIO');
      await spool.rotate();
      expect(spool.pending('load')).toEqual([]);
      expect(spool.lag('load').spans).toBe(1);
      await expect(spool.append([refused], 1)).rejects.toThrow('EROFS');
      await spool.append([refused], 1);
      await spool.rotate();
      expect(filesOf(spool)).toEqual(Buffer.concat([good, refused]));
      await spool.close();
    });

    test('are cut off for good before anything else is taken', async () => {
      const { disk, fail, steps } = failing();
      const spool = await open_({ disk });
      await spool.append([record()], 1);
      fail(1, 0);
      await expect(spool.append([record()], 1)).rejects.toThrow('EIO');
      await spool.rotate();
      expect(steps).toEqual(['datasync', 'datasync', 'truncate', 'datasync']);
      await spool.close();
    });

    test('leave what was taken before them to consumers at once', async () => {
      const { disk, fail } = failing();
      const spool = await open_({ disk });
      let told = 0;
      spool.onClosed(() => told++);
      const good = record();
      await spool.append([good], 1);
      fail(1, 0);
      await expect(spool.append([record()], 1)).rejects.toThrow('EIO');
      await expect.poll(() => told).toBe(1);
      expect(filesOf(spool)).toEqual(good);
      await spool.close();
    });
  });

  test('a segment whose directory cannot be synced is neither kept open nor left behind', async () => {
    const made: FileHandle[] = [];
    const disk = {
      open: async (path: string): Promise<FileHandle> => {
        made.push(await open(path, 'a'));
        return made.at(-1) as FileHandle;
      },
    };
    const spool = await open_({ disk });
    vi.spyOn(await handles(), 'sync').mockRejectedValueOnce(new Error('EIO'));
    await expect(spool.append([record()], 1)).rejects.toThrow('EIO');
    expect(made.map(({ fd }) => fd)).toEqual([-1]);
    expect(readdirSync(directory).filter((name) => name.endsWith('.seg'))).toEqual([]);
    await spool.append([record()], 1);
    await spool.close();
  });

  test('who comes while a round fails is rejected too: it may only repeat what has just failed', async () => {
    let fail: (() => void) | undefined;
    const disk = {
      open: async (path: string): Promise<FileHandle> => {
        const file = await open(path, 'a');
        file.datasync = () =>
          new Promise((_, reject) => {
            fail = () => reject(new Error('EIO'));
          });
        return file;
      },
    };
    const spool = await open_({ disk });
    const first = spool.append([record()], 1);
    first.catch(() => {});
    await expect.poll(() => fail).toBeDefined();
    const repeated = spool.append([], 0);
    fail?.();
    await expect(first).rejects.toThrow('EIO');
    await expect(repeated).rejects.toThrow('EIO');
    rmSync(join(directory, 'lock.1'));
  });
});

describe('segments', () => {
  test('only closed ones are pending; a consumed one stays consumed after a restart', async () => {
    const spool = await open_();
    await spool.append([record()], 1);
    expect(spool.pending('load')).toEqual([]);
    await spool.rotate();
    await spool.append([record()], 1);
    await spool.rotate();
    expect(spool.pending('load').map((segment) => segment.number)).toEqual([1, 2]);
    await spool.consumed('load', 1);
    await spool.close();

    const again = await open_();
    expect(again.id).toBe(spool.id);
    expect(again.pending('load').map((segment) => segment.number)).toEqual([2]);
    await again.close();
  });

  test('are closed by size', async () => {
    const spool = await open_({ segmentBytes: record().length + 1 });
    for (let index = 0; index < 4; index++) await spool.append([record()], 1);
    expect(spool.pending('load')).toHaveLength(2);
    await spool.close();
  });

  test('consumed ones are kept up to a bound, oldest gone first, and numbers are never used twice', async () => {
    const spool = await open_({ keepBytes: 2 * record().length });
    for (let number = 1; number <= 5; number++) {
      await spool.append([record()], 1);
      await spool.rotate();
      await spool.consumed('load', number);
    }
    expect(spool.segments.map((segment) => segment.number)).toEqual([4, 5]);
    await spool.close();
    for (const segment of spool.segments) rmSync(segment.path);
    const again = await open_();
    await again.append([record()], 1);
    expect(again.segments.map((segment) => segment.number)).toEqual([6]);
    await again.close();
  });

  test('consumed ones are kept for so long, by the time they were written, also after a restart; others stay', async () => {
    let now = 10_000_000;
    const spool = await open_({ keepMs: 1_000, now: () => now });
    for (let number = 1; number <= 3; number++) {
      now += 500;
      await spool.append([record()], 1);
      await spool.rotate();
    }
    now += 10_000;
    await spool.consumed('load', 2);
    expect(spool.segments.map(({ number }) => number)).toEqual([3]);
    expect(spool.segments[0]?.at).toBe(10_001_500);
    await spool.close();
    utimesSync(spool.segments[0]?.path as string, 5, 5);
    const again = await open_({ keepMs: 1_000, now: () => now });
    expect(again.segments[0]?.at).toBe(5_000);
    expect(again.pending('load')).toHaveLength(1);
    await again.consumed('load', 3);
    expect(again.segments).toEqual([]);
    await again.close();
  });

  test('each consumer is behind on its own', async () => {
    const spool = await open_({ consumers: [{ name: 'load' }, { name: 'forward', lagBytes: 1_000 }] });
    await spool.append([record()], 1);
    await spool.rotate();
    await spool.consumed('load', 1);
    expect(spool.lag('load').spans).toBe(0);
    expect(spool.lag('forward').spans).toBe(1);
    expect(spool.pending('forward')).toHaveLength(1);
    await spool.close();
  });

  test('one that may miss spans misses its oldest segments, is told how many, and holds nobody up', async () => {
    const said: string[] = [];
    const one = record().length;
    const consumers = [{ name: 'load' }, { name: 'forward', lagBytes: 2 * one }];
    const spool = await open_({ consumers, maxBytes: 10 * one, keepBytes: 0, log: (line) => said.push(line) });
    for (let index = 0; index < 12; index++) {
      await spool.append([record()], 1);
      await spool.rotate();
      await spool.consumed('load', index + 1);
    }
    expect(spool.lag('forward')).toMatchObject({ spans: 2, skipped: 10 });
    expect(spool.segments).toHaveLength(2);
    expect(said.at(-1)).toContain('forward is more than');
    await spool.consumed('forward', 3); // what it was sending when it was left behind
    expect(spool.lag('forward').spans).toBe(2);
    await spool.close();
  });

  test('a consumer that may miss spans begins with what comes after it was first named', async () => {
    const before = await open_();
    await before.append([record()], 1);
    await before.close();
    const spool = await open_({ consumers: [{ name: 'load' }, { name: 'forward', lagBytes: 1_000 }] });
    expect(spool.lag('forward').spans).toBe(0);
    await spool.append([record()], 1);
    await spool.rotate();
    expect(spool.pending('forward')).toHaveLength(1);
    expect(spool.pending('load')).toHaveLength(2);
    await spool.close();
  });
});

describe('what is tidied up behind a 200 may fail without harm', () => {
  const forward = { name: 'forward', lagBytes: 1 };

  test('the note of what a target missed, said once, and made when it can be', async () => {
    const said: string[] = [];
    const spool = await open_({
      consumers: [{ name: 'load' }, forward],
      segmentSpans: 1,
      log: (line) => said.push(line),
    });
    mkdirSync(join(directory, 'forward.cursor.new'));
    for (let index = 0; index < 3; index++) await spool.append([record()], 1);
    await spool.rotate();
    expect(spool.lag('forward')).toMatchObject({ spans: 0, skipped: 3 });
    expect(spool.pending('load')).toHaveLength(3);
    expect(said.filter((line) => line.includes('cannot note how far a forward target is'))).toHaveLength(1);
    rmSync(join(directory, 'forward.cursor.new'), { recursive: true });
    await spool.append([record()], 1);
    await spool.rotate();
    expect(readFileSync(join(directory, 'forward.cursor'), 'utf8')).toBe('4');
    await spool.close();
  });

  test('the removal of a segment: its consumer is told that it has consumed, and it is tried again', async () => {
    const said: string[] = [];
    const spool = await open_({ segmentSpans: 1, keepBytes: 0, log: (line) => said.push(line) });
    for (let index = 0; index < 3; index++) await spool.append([record()], 1);
    await spool.rotate();
    const path = spool.segments[0]?.path as string;
    renameSync(path, `${path}.aside`);
    mkdirSync(path);
    expect(await spool.consumed('load', 1)).toBe(true);
    expect(await spool.consumed('load', 2)).toBe(true);
    expect(spool.segments.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(said.filter((line) => line.includes('cannot remove a segment'))).toHaveLength(1);
    rmSync(path, { recursive: true });
    expect(await spool.consumed('load', 3)).toBe(true);
    expect(spool.segments).toEqual([]);
    await spool.close();
  });
});

describe('many small segments', () => {
  const names = (): string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.seg') || name.endsWith('.new'))
      .map((name) => name.replace(/^0+/, ''));
  const filled = async (options: Partial<SpoolOptions> = {}) => {
    const spool = await open_({ segmentSpans: 1, mergeSegments: 8, ...options });
    const records = Array.from({ length: 8 }, () => record());
    for (const each of records) {
      await spool.append([each], 1);
      await spool.rotate();
    }
    return { spool, records };
  };

  test('become one once they are loaded, which is as old, holds the same, and is seen again', async () => {
    const { spool, records } = await filled({ now: () => Date.now() - 3_600_000 });
    const newest = spool.segments[7];
    expect(await spool.consumed('load', 8)).toBe(true);
    await expect.poll(names).toEqual(['8.seg']);
    expect(readFileSync(newest?.path as string)).toEqual(Buffer.concat(records));
    expect(spool.segments).toEqual([{ ...newest, spans: 8, bytes: Buffer.concat(records).length }]);
    await spool.append([record()], 1);
    await spool.rotate();
    expect(spool.lag('load')).toMatchObject({ spans: 1 });
    await spool.close();

    const again = await open_();
    expect(again.segments[0]?.at).toBeCloseTo(newest?.at as number, -1);
    const seen = await openSeen(again, 100);
    const keys = new Keys();
    for (const each of records) {
      const at = each.indexOf(Buffer.from([0x0a, 16])) + 2;
      keys.push(new DataView(each.buffer, each.byteOffset, each.length), at, at + 18);
    }
    expect(seen.add(keys, 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await again.close();
  });

  test('that are not loaded, or that a target is reading, stay as they are; those on either side become one', async () => {
    const consumers = [{ name: 'load' }, { name: 'forward', lagBytes: 1e9 }];
    const { spool, records } = await filled({ consumers });
    await spool.consumed('forward', 2);
    await spool.consumed('load', 7);
    await expect.poll(names).toEqual(['2.seg', '3.seg', '7.seg', '8.seg']);
    expect(spool.pending('forward').map(({ number, spans }) => [number, spans])).toEqual([
      [3, 1],
      [7, 4],
      [8, 1],
    ]);
    expect(spool.pending('load').map(({ number }) => number)).toEqual([8]);
    expect(spool.lag('forward').bytes).toBe(6 * (records[0] as Buffer).length);
    await spool.close();
  });

  test('of which a target has read some meanwhile stay as they are: it gets no span twice', async () => {
    const consumers = [{ name: 'load' }, { name: 'forward', lagBytes: 1e9 }];
    const { spool } = await filled({ consumers });
    await Promise.all([spool.consumed('load', 8), spool.consumed('forward', 4)]);
    await spool.close();
    const again = await open_({ consumers });
    expect(again.pending('forward').reduce((sum, { spans }) => sum + spans, 0)).toBe(4);
    await again.close();
  });
});

describe('after a crash', () => {
  test('what the process had written and not synced is synced before it counts as received', async () => {
    const spool = await open_({ segmentSpans: 1 });
    await spool.append([record()], 1);
    await spool.append([record()], 1);
    await spool.close();
    const synced = vi.spyOn(await handles(), 'datasync');
    const again = await open_();
    expect(synced).toHaveBeenCalledTimes(2);
    await again.close();
  });

  test('files that never got their names are removed', async () => {
    writeFileSync(join(directory, '00000000000000000001.seg.new'), 'half');
    const spool = await open_();
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
    await spool.close();
  });

  test.each([
    ['load.cursor', '\0\0', 'does not hold a segment number'],
    ['load.cursor', '', 'does not hold a segment number'],
    ['id', '', 'does not hold the name of this spool'],
  ])('%s of %j is said, and the directory is free for who mends it', async (name, text, sentence) => {
    await (await open_()).close();
    writeFileSync(join(directory, name), text);
    await expect(open_()).rejects.toThrow(sentence);
    if (name === 'id') rmSync(join(directory, name));
    else writeFileSync(join(directory, name), '0');
    await (await open_()).close();
  });

  test.each([
    ['half a record', (whole: Buffer) => whole.subarray(0, whole.length - 3)],
    [
      'a record with a flipped byte',
      (whole: Buffer) =>
        Buffer.concat([whole.subarray(0, 10), Buffer.from([(whole[10] as number) ^ 1]), whole.subarray(11)]),
    ],
    ['zeros, as some file systems leave them', () => Buffer.alloc(512)],
  ])('%s at the end is cut off, and what was whole stays', async (_, broken) => {
    const spool = await open_();
    const good = [record(), record()];
    await spool.append(good, 2);
    const path = spool.segments[0]?.path as string;
    await spool.close();
    appendFileSync(path, broken(record()));

    const again = await open_();
    expect(again.tornBytes).toBeGreaterThan(0);
    expect(again.lag('load').spans).toBe(2);
    expect(statSync(path).size).toBe(Buffer.concat(good).length);
    await again.close();
  });

  test.each([
    ['a flipped byte', (bytes: Buffer, at: number) => bytes.writeUInt8((bytes[at + 40] as number) ^ 1, at + 40)],
    ['a wrong length', (bytes: Buffer, at: number) => bytes.writeUInt8((bytes[at] as number) - 3, at)],
    ['a page of zeros', (bytes: Buffer, at: number) => bytes.fill(0, at - 10, at + 20)],
  ])('%s in the middle costs the records it is in, put aside, and none behind them', async (_, damage) => {
    const said: string[] = [];
    const spool = await open_();
    const records = Array.from({ length: 6 }, () => record());
    const one = (records[0] as Buffer).length;
    await spool.append(records, 6);
    const path = spool.segments[0]?.path as string;
    await spool.close();
    const bytes = readFileSync(path);
    damage(bytes, 2 * one);
    writeFileSync(path, bytes);

    const again = await open_({ log: (line) => said.push(line) });
    const left = readFileSync(path);
    const kept = records.filter((each) => left.includes(each));
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(left).toEqual(Buffer.concat(kept));
    expect(again.lag('load').spans).toBe(kept.length);
    expect(statSync(`${path}.damaged`).size + left.length).toBe(6 * one);
    expect(said.join()).toMatch(/bytes in the middle of it are broken and put aside as 0+1\.seg\.damaged/);
    await again.close();
  });

  test('the lock of an earlier process of the same number is taken over, as in a container after a kill', async () => {
    const [pid, , boot] = identityOf(process.pid).split(' ');
    writeFileSync(join(directory, 'lock.7'), `${pid} 1 ${boot}`);
    const spool = await open_();
    await expect(open_()).rejects.toThrow(`in use by process ${process.pid}: stop that sidecar`);
    await spool.close();
  });

  test('the lock of a process that is gone is taken over; that of one that lives is not', async () => {
    writeFileSync(join(directory, 'lock.7'), '999999999');
    const spool = await open_();
    await expect(open_()).rejects.toThrow(`is in use by process ${process.pid}: stop that sidecar`);
    await spool.close();
  });

  test('of several that start at once, one gets the directory', async () => {
    const rounds = 200;
    const contenders = 3;
    for (let round = 0; round < rounds; round++) {
      mkdirSync(join(directory, String(round)));
      if (round % 2 === 0) writeFileSync(join(directory, String(round), 'lock.1'), '999999999');
    }
    const counts = new Int32Array(new SharedArrayBuffer(4 * (rounds + 1))); // of all arrivals, then of each round's winners
    const contend = `
      const { workerData: { files, directory, counts, rounds, contenders } } = require('node:worker_threads');
      import(files).then(({ lock }) => {
        for (let round = 0; round < rounds; round++) {
          Atomics.add(counts, 0, 1);
          while (Atomics.load(counts, 0) < contenders * (round + 1));
          try {
            lock(directory + '/' + round);
            Atomics.add(counts, 1 + round, 1);
          } catch (problem) {
            if (!/is in use by/.test(problem.message)) throw problem;
          }
        }
      });`;
    const files = new URL('../../dist/spool/files.js', import.meta.url).href;
    const workerData = { files, directory, counts, rounds, contenders };
    await Promise.all(
      Array.from({ length: contenders }, () => once(new Worker(contend, { eval: true, workerData }), 'exit')),
    );
    expect([...counts.subarray(1)]).toEqual(Array(rounds).fill(1));
  });

  test('the spans on disk are seen again', async () => {
    const spool = await open_();
    const ids = randomBytes(24);
    await spool.append([record(ids)], 1);
    await spool.close();
    const again = await open_();
    const seen = await openSeen(again, 100);
    expect(seen.add(keysOf(randomBytes(24), ids, randomBytes(24)), 0)).toEqual([1]);
    await again.close();
  });
});

test('a directory is made so that it stays when the power goes: each is synced into the one above it', async () => {
  const synced = vi.spyOn(await handles(), 'sync');
  await makeDirectory(join(directory, 'a', 'b', 'c'));
  expect(synced).toHaveBeenCalledTimes(3);
  await makeDirectory(join(directory, 'a', 'b', 'c'));
  expect(synced).toHaveBeenCalledTimes(3);
});

describe('the set of seen spans', () => {
  test('remembers at least its capacity, forgets the oldest, and never takes new for old', () => {
    const seen = createSeen(1_000);
    const keys = keysOf(...Array.from({ length: 5_000 }, () => randomBytes(24)));
    expect(seen.add(keys, 0)).toEqual([]);
    expect(seen.add(keys, 4_000)).toEqual(Array.from({ length: 1_000 }, (_, index) => 4_000 + index));
    keys.count = 1;
    expect(seen.add(keys, 0)).toEqual([]);
    expect(seen.add(keys, 0)).toEqual([0]);
  });

  test('takes back what was removed and nothing else, however the slots collide', () => {
    const seen = createSeen(500);
    const ids = Array.from({ length: 500 }, () => randomBytes(24));
    seen.add(keysOf(...ids), 0);
    const gone = keysOf(...ids.filter((_, index) => index % 3 === 0));
    seen.remove(gone, gone.count);
    const left = [...ids.keys()].filter((index) => index % 3 !== 0);
    expect(seen.add(keysOf(...ids), 0)).toEqual(left);
  });

  test('keys that are taken out leave the others as they were', () => {
    const ids = Array.from({ length: 200 }, () => randomBytes(24));
    const keys = keysOf(...ids);
    keys.remove([3, 4, 199]);
    const left = keysOf(...ids.filter((_, index) => index !== 3 && index !== 4 && index !== 199));
    expect(keys.words.subarray(0, 2 * keys.count)).toEqual(left.words.subarray(0, 2 * left.count));
  });
});

function keysOf(...ids: Buffer[]): Keys {
  const keys = new Keys();
  for (const id of ids) keys.push(new DataView(id.buffer, id.byteOffset), 0, 16);
  return keys;
}

test('a segment is read back span by span, and written again with some of them', () => {
  const one = delimited(0x12, Buffer.from([0x0a, 1, 1]));
  const log = delimited(0x2a, Buffer.from('log'));
  const segment = Buffer.concat([recordOf(one, one, one), recordOf(Buffer.from([0x12, 0]), log), recordOf(one)]);
  const records: StoredRecord[] = [];
  expect(scan(segment, (record) => records.push(record))).toEqual({ end: segment.length, spans: 5 });
  expect(records.map(({ items }) => items.map(({ start, end, isLog }) => (isLog ? 'log' : end - start)))).toEqual([
    [3, 3, 3],
    ['log'],
    [3],
  ]);
  const items = records.flatMap((record) => record.items);
  expect(recordsOf(segment, items)).toEqual(segment);
  const [first, , third, logged] = items as [Item, Item, Item, Item];
  expect(recordsOf(segment, [first, third, logged])).toEqual(
    Buffer.concat([recordOf(one), recordOf(one), recordOf(Buffer.from([0x12, 0]), log)]),
  );
});

test.each([8, 50, 64, 1_000, 1e6])('a segment is read in pieces of %d bytes as a whole', async (bytes) => {
  const records = Array.from({ length: 20 }, () => record());
  const large = recordOf(...Array.from({ length: 40 }, () => delimited(0x12, randomBytes(50))));
  const all = Buffer.concat([...records, large, ...records]);
  const path = join(directory, 'some.seg');
  for (const torn of [Buffer.alloc(0), record().subarray(0, 30)]) {
    writeFileSync(path, Buffer.concat([all, torn]));
    const pieces: Buffer[] = [];
    for await (const piece of piecesOf(path, bytes)) pieces.push(piece);
    expect(Buffer.concat(pieces)).toEqual(all);
    for (const piece of pieces) {
      expect(scan(piece).end).toBe(piece.length);
      expect(piece.length).toBeLessThanOrEqual(Math.max(bytes, large.length));
    }
  }
});

describe('lingering', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('an old segment is closed when a consumer has nothing else to do, and grows while all are busy', async () => {
    const spool = await open_({ lingerMs: 1_000 });
    await spool.append([record()], 1);
    await vi.advanceTimersByTimeAsync(999);
    expect(spool.pending('load')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitFor(() => expect(spool.pending('load')).toHaveLength(1));

    for (let more = 0; more < 3; more++) {
      await spool.append([record()], 1);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(spool.pending('load')).toHaveLength(1);
    await spool.consumed('load', spool.pending('load')[0]?.number as number);
    expect(spool.pending('load').map(({ spans }) => spans)).toEqual([3]);
    await spool.close();
  });

  test('one lingers longer the more wait for one that may miss nothing, up to ten times, and no longer for a target that is away', async () => {
    const consumers = [{ name: 'load' }, { name: 'target', lagBytes: 1024 ** 3 }];
    const spool = await open_({ lingerMs: 1_000, consumers });
    const close = async (by: string): Promise<number> => {
      await spool.append([record()], 1);
      for (let ms = 1_000; ; ms += 1_000) {
        await vi.advanceTimersByTimeAsync(1_000);
        await spool.append([], 0); // whoever was before it in turn is done
        const [closed] = spool.pending(by);
        if (!closed) continue;
        await spool.consumed(by, closed.number);
        return ms;
      }
    };
    const waits: number[] = [];
    for (let away = 0; away <= 660; away++) waits.push(await close('target'));
    expect([0, 59, 60, 119, 120, 540, 660].map((at) => waits[at] as number)).toEqual([
      1_000, 1_000, 2_000, 2_000, 3_000, 10_000, 10_000,
    ]);
    for (const { number } of spool.pending('load')) await spool.consumed('load', number);
    for (let away = 0; away <= 120; away++) waits.push(await close('load'));
    expect(waits.at(-1)).toBe(1_000);
    await spool.close();
  });

  test('so many spans close it at once', async () => {
    const spool = await open_({ lingerMs: 1_000_000, segmentSpans: 2 });
    for (let index = 0; index < 3; index++) await spool.append([record()], 1);
    expect(spool.pending('load').map(({ spans }) => spans)).toEqual([2]);
    await spool.close();
  });
});
