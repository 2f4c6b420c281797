/**
 * What the engine noted as inserted and does not hold. It writes a part's name and token into the deduplication log of
 * the table before it gives the part its name on disk; killed in between, it would drop the same insert as a repetition
 * for ever after. Here such notes are taken back at the start, before anything is inserted.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Runs a statement, answers in JSONEachRow. */
type Ask = (sql: string) => string;

interface Table {
  readonly name: string;
  readonly data_paths: readonly string[];
}

/**
 * To be called by the process that holds the directory, before it inserts anything.
 * @returns how many notes were taken back.
 */
export function forgetUnkept(ask: Ask): number {
  const tables = ask(
    "SELECT name, data_paths FROM system.tables WHERE database = 'routescope' AND engine LIKE '%MergeTree'",
  )
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Table);
  let forgotten = 0;
  for (const { name, data_paths } of tables) {
    const unkept = data_paths.flatMap((path) => unkeptIn(path) ?? []);
    if (unkept.length === 0) continue;
    const table = `routescope.\`${name}\``;
    ask(`DETACH TABLE ${table} SYNC`); // it has the notes in memory, and the log open
    try {
      for (const { log, wholeBytes, notes } of unkept) {
        append(log, wholeBytes, notes.map(({ part, token }) => `${drop}\t${part}\t${token}\n`).join(''));
        forgotten += notes.length;
      }
    } finally {
      ask(`ATTACH TABLE ${table}`);
    }
  }
  return forgotten;
}

const add = '1';
const drop = '2';

interface Note {
  readonly part: string;
  readonly token: string;
}

/** What is to be done to the log of a table, undefined when nothing is. */
interface Unkept {
  /** The newest of its files, to be appended to. */
  readonly log: string;
  /** Up to the end of its last whole line: a power cut may have torn what follows, and the engine reads no further. */
  readonly wholeBytes: number;
  readonly notes: readonly Note[];
}

function unkeptIn(tablePath: string): Unkept | undefined {
  const directory = join(tablePath, 'deduplication_logs');
  if (!existsSync(directory)) return undefined;
  const numberOf = (file: string): number => Number(/(\d+)\.txt$/.exec(file)?.[1]);
  const files = readdirSync(directory).sort((a, b) => numberOf(a) - numberOf(b));
  const newest = files.at(-1);
  if (newest === undefined) return undefined;
  const partOf = new Map<string, string>();
  let wholeBytes = 0;
  let isTorn = false;
  for (const file of files) {
    const text = readFileSync(join(directory, file), 'latin1');
    const lines = text.split('\n');
    isTorn = lines.pop() !== '';
    wholeBytes = text.lastIndexOf('\n') + 1;
    for (const line of lines) {
      const [operation, part = '', token = ''] = line.split('\t');
      if (operation === add) partOf.set(token, part);
      else partOf.delete(token);
    }
  }
  const isKept = keeps(readdirSync(tablePath));
  const notes = [...partOf].map(([token, part]) => ({ part, token })).filter(({ part }) => !isKept(part));
  return notes.length > 0 || isTorn ? { log: join(directory, newest), wholeBytes, notes } : undefined;
}

/** `PARTITION_FIRST_LAST_LEVEL`, with the number of a mutation behind it or none: parts are named for the blocks in them. */
const partName = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

/** Whether a part, or one it was merged into, is among the entries of a table's directory. */
function keeps(entries: readonly string[]): (part: string) => boolean {
  const ranges = new Map<string, { first: number; last: number }[]>();
  for (const entry of entries) {
    const [, partition, first, last] = partName.exec(entry) ?? [];
    if (partition === undefined) continue;
    const all = ranges.get(partition) ?? [];
    all.push({ first: Number(first), last: Number(last) });
    ranges.set(partition, all);
  }
  return (part) => {
    const [, partition = '', block] = partName.exec(part) ?? [];
    return ranges.get(partition)?.some(({ first, last }) => first <= Number(block) && Number(block) <= last) ?? false;
  };
}

function append(path: string, from: number, text: string): void {
  truncateSync(path, from);
  const file = openSync(path, 'a');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
