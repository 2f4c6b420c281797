import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spanColumns, type Word, words } from '@routescope/conventions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generated, root } from '../generate/main.ts';
import type { Engine } from './engine.ts';
import { migrate, migrations } from './migrate.ts';
import { openEngine } from './supervise.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-migrate-'));
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(directory);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

test('migrating runs every file once and then nothing', async () => {
  expect(await migrate(engine.writer)).toEqual(migrations().map((migration) => migration.id));
  expect(await migrate(engine.writer)).toEqual([]);
});

test('every migration may run twice, as after a crash in the middle', async () => {
  await engine.writer.command({ query: 'TRUNCATE TABLE routescope.schema_migrations' });
  expect(await migrate(engine.writer)).toHaveLength(migrations().length);
});

test.each([
  ['attempts', 'attempt'],
  ['calls', 'call'],
] as const)('the columns of %s are the words, in their order and with their types', async (table, row) => {
  const result = await engine.writer.query({
    query:
      "SELECT name, type FROM system.columns WHERE database = 'routescope' AND table = {table:String} ORDER BY position",
    query_params: { table },
    format: 'JSONEachRow',
  });
  const expected = [...spanColumns, ...(words as readonly Word[])].filter(
    (word) => word.row === row || word.row === 'both',
  );
  expect(await result.json()).toEqual(expected.map((word) => ({ name: word.column, type: word.type })));
});

test('what is generated is the generator’s output', () => {
  for (const [path, render] of Object.entries(generated)) {
    expect(readFileSync(new URL(path, root), 'utf8'), path).toBe(render());
  }
});

test('a second process on the directory is told what to do', { timeout: 40_000 }, async () => {
  await expect(openEngine(directory, { lockPatienceMs: 0 })).rejects.toThrow(
    'is in use by another process: stop the other sidecar',
  );
});
