import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';

const dist = join(import.meta.dirname, '../../packages/sdk/dist');

test.each(mutants)('$name: $file still has what it breaks', ({ file, from, to }) => {
  const code = readFileSync(join(dist, file), 'utf8');
  expect(code.split(from).length - 1, from).toBeGreaterThan(0);
  expect(code.replace(from, to)).not.toBe(code);
});
