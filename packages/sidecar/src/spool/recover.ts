/** What is on disk of a spool when it is opened: its segments, mended where a crash or the disk broke them. */
import { readdirSync, statSync } from 'node:fs';
import { open, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from './files.ts';
import { nextRecord, scan } from './record.ts';
import type { Segment } from './spool.ts';

export const extension = '.seg';

export interface Recovered {
  /** Oldest first. */
  readonly segments: readonly Segment[];
  /** Bytes that were no part of a whole record. */
  readonly tornBytes: number;
}

/**
 * A torn end is cut off. With whole records behind it, what is broken is no end: the disk did not keep what it had promised.
 * It is put beside the segment as `.damaged`, and what is whole stays.
 */
export async function recover(directory: string, log: (line: string) => void): Promise<Recovered> {
  const segments: Segment[] = [];
  let tornBytes = 0;
  const names = readdirSync(directory).sort();
  for (const unnamed of names.filter((file) => file.endsWith('.new'))) await rm(join(directory, unnamed));
  for (const name of names.filter((file) => file.endsWith(extension))) {
    const path = join(directory, name);
    const at = statSync(path).mtimeMs;
    const bytes = await readFile(path);
    const { whole, broken, spans } = partsOf(bytes);
    const wholeBytes = bytesOf(whole);
    tornBytes += bytes.length - wholeBytes;
    if (spans === 0) {
      await rm(path);
      continue;
    }
    if (broken.length > 0) {
      await writeWhole(directory, `${path}.damaged`, Buffer.concat(broken));
      await writeWhole(directory, path, Buffer.concat(whole));
      log(
        `${name}: ${bytesOf(broken)} bytes in the middle of it are broken and put aside as ${name}.damaged, ${spans} spans are whole`,
      );
    } else if (wholeBytes < bytes.length) {
      await truncate(path, wholeBytes);
      log(`${name}: cut ${bytes.length - wholeBytes} torn bytes off its end, ${spans} spans are whole`);
    }
    // A process that was killed had not synced all it wrote; what is found here is taken for received from now on.
    await syncFile(path);
    segments.push({ number: Number.parseInt(name, 10), path, spans, bytes: wholeBytes, at });
  }
  return { segments, tornBytes };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

interface Parts {
  readonly whole: readonly Buffer[];
  /** What stands between them. */
  readonly broken: readonly Buffer[];
  readonly spans: number;
}

function partsOf(bytes: Buffer): Parts {
  const whole: Buffer[] = [];
  const broken: Buffer[] = [];
  let spans = 0;
  for (let from = 0; ; ) {
    const run = scan(bytes.subarray(from));
    const end = from + run.end;
    whole.push(bytes.subarray(from, end));
    spans += run.spans;
    const next = nextRecord(bytes, end);
    if (next === undefined) return { whole, broken, spans };
    broken.push(bytes.subarray(end, next));
    from = next;
  }
}

const bytesOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
