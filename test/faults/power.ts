/**
 * What a power cut takes away: bytes that were written and not synced, and names in a directory that was not. While a
 * sidecar lives an account of its files is kept; when it is dead, they are made what a disk would hold.
 *
 * The account has a line for each step and is only appended to: a kill in the middle leaves no less than is true.
 */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

type Line =
  /** So many bytes of the file are on disk. */
  | { readonly step: 'synced'; readonly path: string; readonly bytes: number }
  /** The name is new, as long as its directory is not synced. */
  | { readonly step: 'made'; readonly path: string }
  /** … or means another file than before, which is kept as `old` if there was one. */
  | { readonly step: 'renamed'; readonly path: string; readonly from: string; readonly old: string | undefined }
  | { readonly step: 'directory'; readonly path: string };

export interface Account {
  synced(path: string, bytes: number): void;
  /** Called before it is made. */
  making(path: string): void;
  /** Called before it is renamed. */
  renaming(from: string, to: string): void;
  directorySynced(path: string): void;
}

const fileOf = (directory: string): string => join(directory, 'account');

export function accountOf(directory: string): Account {
  const write = (line: Line): void => appendFileSync(fileOf(directory), `${JSON.stringify(line)}\n`);
  let copies = 0;
  return {
    synced: (path, bytes) => write({ step: 'synced', path, bytes }),
    making: (path) => write({ step: 'made', path }),
    renaming(from, path) {
      const old = existsSync(path) ? join(directory, `old-${process.pid}-${copies++}`) : undefined;
      if (old !== undefined) copyFileSync(path, old);
      write({ step: 'renamed', path, from, old });
    },
    directorySynced: (path) => write({ step: 'directory', path }),
  };
}

/** Ends the account that is kept in `directory`: what is left of its files is on disk. */
export function cutPower(directory: string): void {
  const text = existsSync(fileOf(directory)) ? readFileSync(fileOf(directory), 'utf8') : '';
  const bytesOf = new Map<string, number>();
  let undone: (Line & { step: 'made' | 'renamed' })[] = [];
  for (const each of text.split('\n').filter(Boolean)) {
    const line = JSON.parse(each) as Line;
    if (line.step === 'synced') bytesOf.set(line.path, line.bytes);
    else if (line.step === 'directory') undone = undone.filter(({ path }) => dirname(path) !== line.path);
    else {
      bytesOf.set(line.path, line.step === 'made' ? 0 : (bytesOf.get(line.from) ?? 0));
      undone.push(line);
    }
  }
  for (const [path, bytes] of bytesOf) if (existsSync(path) && statSync(path).size > bytes) truncateSync(path, bytes);
  for (const line of undone.reverse()) {
    if (line.step === 'renamed' && line.old !== undefined) copyFileSync(line.old, line.path);
    else rmSync(line.path, { force: true });
  }
  for (const name of readdirSync(directory))
    if (name === 'account' || name.startsWith('old-')) rmSync(join(directory, name));
}
