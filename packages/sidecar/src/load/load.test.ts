import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseError } from '@clickhouse/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import { delimited } from '../receive/records.ts';
import { contextOf, headOf, scan } from '../spool/record.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { deadLettersIn } from './dead-letter.ts';
import { verdictOn } from './errors.ts';
import { type Insert, insertIntoChild } from './insert.ts';
import { startLoader } from './load.ts';
import { type Holds, holdsIn } from './present.ts';
import { replay } from './replay.ts';

let directory: string;
let spool: Spool;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'routescope-load-'));
  spool = await openSpool(join(directory, 'spool'), { consumers: [{ name: 'load' }] });
});
afterEach(async () => {
  await spool.close();
  rmSync(directory, { recursive: true, force: true });
});

const received = 1_795_310_500;

/** A record with a span of that number, begun at that time; `broken` bytes stand where its name should. */
function record(number: number, { began = received, broken = false } = {}): Buffer {
  const span = Buffer.alloc(18 + 10 + 9 + 2);
  span.set([0x0a, 16], 0);
  span.writeUInt32BE(number + 1, 14);
  span.set([0x12, 8], 18);
  span.writeUInt32BE(number + 1, 24);
  span[28] = 0x39;
  span.writeBigUInt64LE(BigInt(began) * 1_000_000_000n, 29);
  span.set(broken ? [0x2a, 0x7f] : [0x2a, 0], 37); // a name of 127 bytes that are not there
  const unit = Number((BigInt(began) * 1_000_000_000n) >> 32n);
  const times = { received: BigInt(received) * 1_000_000_000n, earliest: unit, latest: unit };
  const items = delimited(0x12, span);
  return Buffer.concat([headOf(contextOf(times, Buffer.from([0x22, 0]), Buffer.from([0x0a, 0])), items), items]);
}

const numbersIn = (bytes: Buffer): number[] => {
  const numbers: number[] = [];
  scan(bytes, ({ items }) => {
    for (const { start } of items) numbers.push(bytes.readUInt32BE(start + 14) - 1);
  });
  return numbers;
};

function loaderOf(insert: Insert, said: string[] = [], holds: Holds = async () => false) {
  const letters = deadLettersIn(join(directory, 'dead-letter'));
  const loader = startLoader({
    spool,
    insert,
    holds,
    letters,
    workDirectory: join(directory, 'work'),
    log: (line) => said.push(line),
    delays: { first: 1, most: 1 },
  });
  return { loader, letters };
}

const error = (code: string, message = 'no') => new ClickHouseError({ code, message, type: 'X' });

/** Remembers what was inserted, once per token. */
function memory(refuses: (numbers: readonly number[]) => unknown) {
  const stored = new Map<string, readonly number[]>();
  const insert: Insert = async (path, token) => {
    const numbers = numbersIn(readFileSync(path));
    const problem = refuses(numbers);
    if (problem) throw problem;
    stored.set(token, numbers);
  };
  return { insert, stored: () => [...stored.values()].flat() };
}

test('a record the engine refuses is set aside alone, with the reason; replay puts it back once it is taken', async () => {
  let isStrict = true;
  const { insert, stored } = memory((numbers) => isStrict && numbers.includes(13) && error('117', 'Incorrect data'));
  const { loader, letters } = loaderOf(insert);
  for (let number = 0; number < 40; number++) await spool.append([record(number)], 1);
  await loader.flush();
  expect(loader.counters).toMatchObject({ stored: 39, deadLettered: 1, retries: 0 });
  expect(spool.lag('load').spans).toBe(0);
  const [letter] = await letters.list();
  expect(letter?.letter).toMatchObject({ spans: 1, reason: 'refused', because: 'Incorrect data' });
  expect(numbersIn(readFileSync(letter?.path as string))).toEqual([13]);

  expect(await replay(letters, insert)).toMatchObject({ files: 1, stored: 0, refused: 1 });
  isStrict = false;
  expect(await replay(letters, insert)).toEqual({ files: 1, stored: 1, refused: 0, problems: [] });
  expect(stored().sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, number) => number));
  expect(readdirSync(join(directory, 'dead-letter'))).toEqual([]);
  await loader.close();
});

describe('a segment that was cut in halves', () => {
  const append = (): Promise<void> =>
    spool.append(
      Array.from({ length: 8 }, (_, number) => record(number)),
      8,
    );
  /** The disk takes no cursor for once: what the loader did it does again, as after a crash. */
  const noCursorOnce = (then: () => void): void => {
    const { consumed } = spool;
    let failures = 1;
    (spool as { consumed: typeof consumed }).consumed = async (...given) => {
      if (failures-- <= 0) return consumed(...given);
      then();
      throw new Error('ENOSPC: no space left on device');
    };
  };

  test('is not inserted whole afterwards, when that would do by then', async () => {
    let isStrict = true;
    const { insert, stored } = memory((numbers) => isStrict && numbers.length > 2 && error('117'));
    const { loader } = loaderOf(insert);
    noCursorOnce(() => {
      isStrict = false;
    });
    await append();
    await loader.flush();
    expect(stored().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(loader.counters).toMatchObject({ stored: 8, deadLettered: 0 });
    await loader.close();
  });

  test('is not inserted whole after a crash either', async () => {
    let isStrict = true;
    const { insert, stored } = memory((numbers) => isStrict && numbers.length > 2 && error('117'));
    const first = loaderOf(insert);
    noCursorOnce(() => {
      isStrict = false;
      void first.loader.close();
    });
    await append();
    await first.loader.flush();
    await first.loader.close();
    expect(spool.lag('load').spans).toBe(8);
    const second = loaderOf(insert);
    await second.loader.flush();
    expect(stored().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await append(); // and the next one is whole again
    await second.loader.flush();
    expect(stored()).toHaveLength(16);
    await second.loader.close();
  });

  test('has no dead letter left of what is taken the second time', async () => {
    let isStrict = true;
    const { insert, stored } = memory((numbers) => isStrict && numbers.some((each) => each > 4) && error('117'));
    const { loader, letters } = loaderOf(insert);
    noCursorOnce(() => {
      isStrict = false;
    });
    await append();
    await loader.flush();
    expect(stored().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await letters.list()).toEqual([]);
    expect(loader.counters).toMatchObject({ stored: 8, deadLettered: 0 });
    await loader.close();
  });
});

describe('what was cut', () => {
  const cuts = (): string => join(directory, 'work', 'cuts.json');
  const append = (): Promise<void> =>
    spool.append(
      [0, 1, 2, 3].map((number) => record(number)),
      4,
    );

  test('is not cut before the note of it is on disk', async () => {
    let isStrict = true;
    const { insert, stored } = memory((numbers) => isStrict && numbers.length > 2 && error('117'));
    mkdirSync(`${cuts()}.new`, { recursive: true }); // what is written goes there first
    const { loader } = loaderOf(insert);
    await append();
    await spool.rotate();
    await expect.poll(() => loader.counters.retries).toBeGreaterThan(3);
    expect(stored()).toEqual([]);
    isStrict = false; // as after a crash it may go in whole
    await loader.flush();
    expect(stored().sort()).toEqual([0, 1, 2, 3]);
    await loader.close();
  });

  test('is over once its segment is, also where the note of it cannot be removed', async () => {
    const said: string[] = [];
    let isStrict = true;
    const { insert, stored } = memory((numbers) => isStrict && numbers.length > 2 && error('117'));
    const { loader } = loaderOf(insert, said);
    const { consumed } = spool;
    (spool as { consumed: typeof consumed }).consumed = async (...given) => {
      isStrict = false;
      rmSync(cuts());
      mkdirSync(cuts());
      return consumed(...given);
    };
    await append();
    await loader.flush();
    expect(stored().sort()).toEqual([0, 1, 2, 3]);
    expect(said.join()).toContain('cuts.json is not removed yet');
    expect(loader.counters).toMatchObject({ stored: 4, segments: 1 });
    await loader.close();
  });

  test('must be readable at the start, or somebody is told what it was for', () => {
    mkdirSync(join(directory, 'work'));
    writeFileSync(cuts(), '');
    expect(() => loaderOf(async () => {})).toThrow(
      /cuts\.json cannot be read .* which segments went into the tables in halves/,
    );
  });
});

test('dead letters of another spool stay, though its segments had the same numbers', async () => {
  const { insert } = memory((numbers) => numbers.length > 0 && error('117'));
  for (const number of [1, 2]) {
    const { loader, letters } = loaderOf(insert);
    await spool.append([record(number), record(number)], 2);
    await loader.flush();
    await loader.close();
    expect(await letters.list()).toHaveLength(number);
    await spool.close();
    rmSync(join(directory, 'spool'), { recursive: true });
    spool = await openSpool(join(directory, 'spool'), { consumers: [{ name: 'load' }] });
  }
});

test('a dead letter whose note cannot be read stays, and holds up none of the others', async () => {
  const { insert } = memory((numbers) => numbers.length > 0 && error('117'));
  const { loader, letters } = loaderOf(insert);
  for (const number of [1, 2]) {
    await spool.append([record(number)], 1);
    await loader.flush();
  }
  await loader.close();
  const { path = '' } = (await letters.list())[0] ?? {};
  writeFileSync(path.replace(/seg$/, 'json'), '');
  const replayed = await replay(letters, async () => {});
  expect(replayed).toMatchObject({ files: 2, stored: 1, refused: 0 });
  expect(replayed.problems).toEqual([expect.stringMatching(/\.seg stays: .*\.json cannot be read/)]);
  expect(existsSync(path)).toBe(true);
});

test('what may pass is tried again, whole, and nothing is set aside', async () => {
  let failures = 3;
  const { insert, stored } = memory(() => failures-- > 0 && error('241', 'memory limit exceeded'));
  const { loader } = loaderOf(insert);
  await spool.append([record(0)], 1);
  await loader.flush();
  expect(loader.counters).toMatchObject({ stored: 1, retries: 3, deadLettered: 0 });
  expect(stored()).toEqual([0]);
  await loader.close();
});

test('a missing table holds everything until somebody puts it right', async () => {
  let isBroken = true;
  const { insert } = memory(() => isBroken && error('60', 'Table routescope.attempts does not exist'));
  const { loader } = loaderOf(insert);
  await spool.append([record(0)], 1);
  const flushed = loader.flush();
  await expect.poll(() => loader.counters.held).toContain('does not exist');
  isBroken = false;
  await flushed;
  expect(loader.counters).toMatchObject({ stored: 1, deadLettered: 0, held: undefined });
  await loader.close();
});

test('an error nobody knows is laid to a record only when others of its segment are taken', async () => {
  const { insert, stored } = memory((numbers) => numbers.includes(1) && error('9999'));
  const { loader } = loaderOf(insert);
  await spool.append([record(0), record(1), record(2)], 3);
  await loader.flush();
  expect(stored().sort()).toEqual([0, 2]);
  expect(loader.counters).toMatchObject({ stored: 2, deadLettered: 1 });
  await loader.close();

  let isBroken = true;
  const away = memory(() => isBroken && error('9999'));
  let inserts = 0;
  const second = loaderOf(async (path, token) => {
    await away.insert(path, token);
    inserts++;
  });
  await spool.append([record(3), record(4)], 2);
  const flushed = second.loader.flush();
  await expect.poll(() => second.loader.counters.retries).toBeGreaterThan(20);
  isBroken = false;
  await flushed;
  expect(second.loader.counters).toMatchObject({ stored: 2, deadLettered: 0 });
  expect(away.stored().sort()).toEqual([3, 4]);
  expect(inserts).toBeLessThanOrEqual(2); // whole, or in the two it was cut in when it passed
  await second.loader.close();
});

test('a full dead-letter directory stops loading instead of losing', async () => {
  const { insert } = memory((numbers) => numbers.includes(0) && error('117'));
  const loader = startLoader({
    spool,
    insert,
    holds: async () => false,
    letters: deadLettersIn(join(directory, 'dead-letter'), 10),
    workDirectory: join(directory, 'work'),
    log: () => {},
    delays: { first: 1, most: 1 },
  });
  await spool.append([record(0)], 1);
  await spool.rotate();
  await expect.poll(() => loader.counters.retries).toBeGreaterThan(2);
  await loader.close();
  expect(spool.lag('load').spans).toBe(1);
});

test('what the engine gave up and does later all the same, it does with the records it was given, or not at all', async () => {
  const { insert, stored } = memory(() => false);
  const late: [string, string][] = [];
  let gaveUp = 0;
  const { loader } = loaderOf(async (path, token) => {
    for (const [earlier, its] of late.splice(0)) if (existsSync(earlier)) await insert(earlier, its);
    const numbers = numbersIn(readFileSync(path));
    if (numbers.includes(5) && numbers.length > 1) throw error('117');
    if (gaveUp++ % 2 === 0) {
      late.push([path, token]);
      throw new Error('Timeout error.');
    }
    await insert(path, token);
  });
  await spool.append(
    [0, 1, 2, 3, 4, 5, 6, 7].map((number) => record(number)),
    8,
  );
  await loader.flush();
  await loader.close();
  expect(stored().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(readdirSync(join(directory, 'work'))).toEqual([]);
});

describe('an engine that dies', () => {
  const gone = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  /** Dies of what `kills` names, and is away for two tries each time. */
  function mortal(kills: (numbers: readonly number[]) => unknown) {
    let awayFor = 0;
    let deaths = 0;
    const { insert, stored } = memory((numbers) => {
      if (awayFor-- > 0) return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      if (!kills(numbers)) return undefined;
      awayFor = 2;
      deaths++;
      return gone();
    });
    return { insert, stored, deaths: () => deaths };
  }
  const append = (...numbers: number[]): Promise<void> =>
    spool.append(
      numbers.map((number) => record(number)),
      numbers.length,
    );

  test('of one record gets the others, and the one is set aside under the token it was tried with', async () => {
    const { insert, stored, deaths } = mortal((numbers) => numbers.includes(13));
    const said: string[] = [];
    const { loader, letters } = loaderOf(insert, said);
    await append(...Array.from({ length: 40 }, (_, number) => number));
    await loader.flush();
    expect(stored().sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 13));
    expect(loader.counters).toMatchObject({ stored: 39, deadLettered: 1, expired: 0 });
    expect(deaths()).toBeLessThan(25);
    const [letter] = await letters.list();
    expect(letter?.letter).toMatchObject({ spans: 1, reason: 'fatal', token: `${spool.id}/1/13-14` });
    expect(said.at(-1)).toContain('the engine went silent each time it was given them: socket hang up');
    await loader.close();
  });

  test('of a record in each of many segments gets all the others, also where one has nothing else', async () => {
    const { insert, stored } = mortal((numbers) => numbers.some((number) => number % 10 === 3));
    const { loader } = loaderOf(insert);
    await append(3);
    for (const first of [10, 20, 30]) {
      await spool.rotate();
      await append(...Array.from({ length: 10 }, (_, index) => first + index));
    }
    await spool.rotate();
    await append(41);
    await loader.flush();
    expect(stored()).toHaveLength(28);
    expect(loader.counters).toMatchObject({ stored: 28, deadLettered: 4 });
    await loader.close();
  });

  test('of everything is waited for, however much waits; nothing is set aside', async () => {
    let isMortal = true;
    const { insert, stored, deaths } = mortal(() => isMortal);
    const { loader } = loaderOf(insert);
    for (const number of [1, 2, 3]) {
      await append(number);
      await spool.rotate();
    }
    await expect.poll(deaths).toBeGreaterThan(30);
    expect(loader.counters).toMatchObject({ stored: 0, deadLettered: 0 });
    isMortal = false;
    await loader.flush();
    expect(stored().sort()).toEqual([1, 2, 3]);
    expect(loader.counters).toMatchObject({ stored: 3, deadLettered: 0 });
    await loader.close();
  });

  test('of a whole segment is told from one that dies of everything by the next segment', async () => {
    const { insert, stored } = mortal((numbers) => numbers.some((number) => number < 10));
    const { loader } = loaderOf(insert);
    await append(1, 2);
    await spool.rotate();
    await expect.poll(() => loader.counters.retries).toBeGreaterThan(50);
    expect(loader.counters.deadLettered).toBe(0); // there is no other to compare with
    await append(11);
    await loader.flush();
    expect(stored()).toEqual([11]);
    expect(loader.counters).toMatchObject({ stored: 1, deadLettered: 2 });
    await loader.close();
  });

  test('after it stored something keeps the segment whole, so that its token still tells', async () => {
    const { insert } = mortal((numbers) => numbers.includes(1));
    const { loader, letters } = loaderOf(insert, [], async (bytes) => numbersIn(bytes).includes(1));
    await append(0, 1, 2);
    await spool.rotate();
    await append(3);
    await loader.flush();
    expect((await letters.list()).map(({ letter }) => letter)).toMatchObject([
      { spans: 3, reason: 'fatal', token: `${spool.id}/1` },
    ]);
    expect(loader.counters).toMatchObject({ stored: 1, deadLettered: 3 });
    await loader.close();
  });
});

test('what cannot be loaded for longer than the bound is given up, counted and said; younger segments wait', async () => {
  let now = Date.now();
  let isAway = true;
  const said: string[] = [];
  const { insert, stored } = memory(() => isAway && new Error('connect ECONNREFUSED'));
  const loader = startLoader({
    spool,
    insert,
    holds: async () => false,
    letters: deadLettersIn(join(directory, 'dead-letter')),
    workDirectory: join(directory, 'work'),
    log: (line) => said.push(line),
    maxAgeMs: 86_400_000,
    now: () => now,
    delays: { first: 1, most: 1 },
  });
  await spool.append([record(0), record(1)], 2);
  await spool.rotate();
  await expect.poll(() => loader.counters.retries).toBeGreaterThan(2);
  expect(loader.counters.expired).toBe(0);
  now += 86_400_000 + 60_000;
  await expect.poll(() => loader.counters.expired).toBe(2);
  expect(spool.lag('load').spans).toBe(0);
  expect(said.at(-1)).toMatch(/^segment 1 is given up: its 2 spans could not be loaded since 20/);

  now = Date.now();
  await spool.append([record(2)], 1);
  const flushed = loader.flush();
  isAway = false;
  await flushed;
  expect(stored()).toEqual([2]);
  expect(loader.counters).toMatchObject({ stored: 1, expired: 2 });
  await loader.close();
});

test('stopped in the middle, it leaves the segment in the spool', async () => {
  const { insert } = memory(() => error('210'));
  const { loader } = loaderOf(insert);
  await spool.append([record(0)], 1);
  const flushed = loader.flush();
  await loader.close();
  await flushed;
  expect(spool.lag('load').spans).toBe(1);
});

test.each([
  ['252', 'Too many parts (3000)', 'again'],
  ['252', 'Too many partitions for single INSERT block', 'refused'],
  ['241', '', 'again'],
  ['60', '', 'held'],
  ['164', 'Cannot execute query in readonly mode', 'held'],
  ['201', 'Quota for user exceeded', 'again'],
  ['27', '', 'refused'],
  ['777', '', 'unknown'],
])('code %s (%s) means %s', (code, message, verdict) => {
  expect(verdictOn(error(code, message))).toBe(verdict);
});

test('a lost connection may pass', () => {
  expect(verdictOn(new Error('socket hang up'))).toBe('again');
});

describe('with the engine', () => {
  const home = mkdtempSync(join(tmpdir(), 'routescope-load-engine-'));
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(home);
    await migrate(engine.writer);
  });
  afterAll(async () => {
    await engine.close();
    rmSync(home, { recursive: true, force: true });
  });
  const rows = async (): Promise<readonly { n: number; day: string }[]> => {
    const result = await engine.writer.query({
      query:
        'SELECT toUInt32(count()) AS n, toString(toDate(Timestamp)) AS day FROM routescope.otel_traces GROUP BY day ORDER BY day',
      format: 'JSONEachRow',
    });
    return result.json();
  };

  test('one broken record among many is found, far-off times are diverted, and both are put back as often as one likes once', async () => {
    const insert = await insertIntoChild(engine.writer);
    const { loader, letters } = loaderOf(insert);
    const day = 86_400;
    const records = Array.from({ length: 300 }, (_, number) => record(number, { broken: number === 217 }));
    const late = Array.from({ length: 12 }, (_, index) => record(1_000 + index, { began: index * 3 * day }));
    const future = record(2_000, { began: received + 3 * day });
    await spool.append([...records, ...late, future], 313);
    await loader.flush();
    expect(loader.counters).toMatchObject({ stored: 299, deadLettered: 1, diverted: 13 });
    expect(await rows()).toEqual([{ n: 299, day: '2026-11-22' }]);

    const broken = (await letters.list()).find(({ letter }) => letter?.reason === 'refused');
    writeFileSync(broken?.path as string, record(217)); // mended
    const again = (await letters.list()).map(
      ({ path, letter }) =>
        () =>
          insert(path, letter?.token as string),
    );
    for (const put of again) await put(); // as by a replay that was killed before it removed them
    expect(await replay(letters, insert)).toEqual({ files: 3, stored: 14, refused: 0, problems: [] });
    const after = await rows();
    expect(after).toHaveLength(14);
    expect(after.reduce((sum, { n }) => sum + n, 0)).toBe(313);
    await loader.close();
  });

  test.each(['before it stores', 'after it stored'])(
    'a real one that is killed %s a record gets the others, and replay puts that one back once',
    { timeout: 120_000 },
    async (when) => {
      const real = await insertIntoChild(engine.writer);
      const first = when === 'before it stores' ? 3_000 : 4_000;
      let isMortal = true;
      const insert: Insert = async (path, token) => {
        const kills = isMortal && numbersIn(readFileSync(path)).includes(first + 5);
        if (!kills || when === 'after it stored') await real(path, token);
        if (!kills) return;
        process.kill(engine.pid as number, 'SIGKILL');
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      };
      const { loader, letters } = loaderOf(insert, [], holdsIn(engine.reader));
      const before = (await rows()).reduce((sum, { n }) => sum + n, 0);
      await spool.append(
        Array.from({ length: 8 }, (_, index) => record(first + index)),
        8,
      );
      await spool.rotate();
      await spool.append([record(first + 8)], 1);
      await loader.flush();
      const set = when === 'before it stores' ? 1 : 8;
      expect(loader.counters).toMatchObject({ stored: 9 - set, deadLettered: set });
      isMortal = false;
      expect(await replay(letters, insert)).toMatchObject({ files: 1, stored: set, refused: 0 });
      expect((await rows()).reduce((sum, { n }) => sum + n, 0)).toBe(before + 9);
      await loader.close();
    },
  );
});
