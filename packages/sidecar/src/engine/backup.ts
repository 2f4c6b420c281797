/** Copies the whole database away and back, by ClickHouse's own BACKUP and RESTORE. */
import { resolve } from 'node:path';
import type { Engine } from './engine.ts';
import { layoutOf, onCluster } from './layout.ts';

/**
 * Where a backup is, as ClickHouse takes it: of the engine on this machine a directory, of a server what its
 * configuration allows, e.g. `Disk('backups', 'monday')` or `S3('https://…', 'key', 'secret')`.
 */
function destination(engine: Engine, place: string): string {
  if (engine.kind === 'child') return `File('${resolve(place).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`;
  // Never quoted back: it may hold a secret.
  if (!/^(Disk|File|S3|AzureBlobStorage)\('([^'\\]|\\.)*'(\s*,\s*'([^'\\]|\\.)*')*\)$/.test(place))
    throw new Error(
      "of a server say where in ClickHouse's words: Disk('backups', 'monday'), S3('https://…', 'key', 'secret')",
    );
  return place;
}

/** @throws Error with what the engine said: the place is taken, not writable, not allowed. */
export async function backup(engine: Engine, place: string): Promise<void> {
  const layout = await layoutOf(engine.writer);
  if (layout === undefined) throw new Error('there is nothing to back up: the database routescope has no tables');
  await engine.writer.command({
    query: `BACKUP DATABASE routescope${onCluster(layout)} TO ${destination(engine, place)}`,
  });
}

/**
 * @param cluster the one the backup was made on, if any
 * @param begins called before the first table is made
 * @throws Error when there are tables already.
 */
export async function restore(
  engine: Engine,
  place: string,
  { cluster, begins = () => {} }: { cluster?: string | undefined; begins?: () => unknown } = {},
): Promise<void> {
  if ((await layoutOf(engine.writer)) !== undefined)
    throw new Error('there are tables already: a backup goes back into an empty directory or database');
  await begins();
  await engine.writer.command({
    query: `RESTORE DATABASE routescope${onCluster({ cluster })} FROM ${destination(engine, place)}`,
  });
}
