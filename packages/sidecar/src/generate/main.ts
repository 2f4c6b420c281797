/** Writes what is generated from the table of words and from the commands: run by `npm run generate`, checked by a test. */
import { writeFileSync } from 'node:fs';
import { commandsPage } from './commands-page.ts';
import { scoresMigration } from './score-tables.ts';
import { attemptsMigration, callsMigration } from './typed-tables.ts';

export const root: URL = new URL('../../../../', import.meta.url);

/** By path from the root of the repository. */
export const generated: Readonly<Record<string, () => string>> = {
  'packages/sidecar/migrations/0002_attempts.sql': attemptsMigration,
  'packages/sidecar/migrations/0003_calls.sql': callsMigration,
  'packages/sidecar/migrations/0005_scores.sql': scoresMigration,
  'docs/commands.md': commandsPage,
};

if (import.meta.url === `file://${process.argv[1]}`) {
  for (const [path, render] of Object.entries(generated)) {
    writeFileSync(new URL(path, root), render());
    console.log(`wrote ${path}`);
  }
}
