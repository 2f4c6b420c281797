/** Writes what is generated from the table of words: run by `npm run generate`, checked by a test. */
import { writeFileSync } from 'node:fs';
import { attemptsMigration, callsMigration } from './typed-tables.ts';

const migrations = new URL('../../migrations/', import.meta.url);

export const generated: Readonly<Record<string, () => string>> = {
  '0002_attempts.sql': attemptsMigration,
  '0003_calls.sql': callsMigration,
};

if (import.meta.url === `file://${process.argv[1]}`) {
  for (const [file, render] of Object.entries(generated)) {
    writeFileSync(new URL(file, migrations), render());
    console.log(`wrote packages/sidecar/migrations/${file}`);
  }
}
