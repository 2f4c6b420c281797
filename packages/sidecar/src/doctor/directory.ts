/** What a data directory says of itself when no sidecar answers for it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deadLettersIn } from '../load/dead-letter.ts';
import { consumer } from '../load/load.ts';
import { ownerOf, readCursor } from '../spool/files.ts';
import { moveJournal, restoreMark } from '../store.ts';
import type { Check, Health } from './checks.ts';

/** Nothing when there is no such directory. */
export async function directory(path: string): Promise<Check[]> {
  const found: Check[] = [];
  const say = (name: string, health: Health, says: string): void => void found.push({ name, health, says });
  if (existsSync(moveJournal(path)))
    say('data', 'fail', `the history in ${path} is half moved to a server: finish with 'routescope move'`);
  if (existsSync(restoreMark(path)))
    say('data', 'fail', `half of a backup is in ${path}: put it back once more, with the same 'routescope restore'`);
  const spool = join(path, 'spool');
  if (existsSync(spool)) await waiting(spool, say);
  const letters = await deadLettersIn(join(path, 'dead-letter')).list();
  const spans = letters.reduce((sum, { letter }) => sum + (letter?.spans ?? 0), 0);
  if (letters.length > 0)
    say(
      'set aside',
      'warn',
      `${spans} spans are in ${join(path, 'dead-letter')}: see why there, then 'routescope replay'`,
    );
  return found;
}

async function waiting(spool: string, say: (name: string, health: Health, says: string) => void): Promise<void> {
  try {
    const owner = ownerOf(spool);
    if (owner !== undefined)
      say(
        'owner',
        'warn',
        `${owner} has ${spool}: it is starting, or listens elsewhere (name where with --url), or hangs`,
      );
    const loaded = (await readCursor(spool, consumer)) ?? 0;
    const files = readdirSync(spool).filter((name) => name.endsWith('.seg') && Number.parseInt(name, 10) > loaded);
    const bytes = files.reduce((sum, name) => sum + statSync(join(spool, name)).size, 0);
    const says = `${(bytes / 1024 ** 2).toFixed(1)} MiB in ${spool} wait to be loaded: they are when 'routescope serve' runs`;
    if (bytes > 0) say('waiting', 'warn', says);
    else say('waiting', 'ok', `nothing in ${spool} waits to be loaded`);
  } catch (problem) {
    say('spool', 'fail', (problem as Error).message);
  }
}
