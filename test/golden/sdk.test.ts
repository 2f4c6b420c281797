/**
 * The SDK's types are a contract: what an app's compiler reads of them is kept here, file by file,
 * without comments. A change shows in the
 * diff; `npx vitest run test/golden -u` after a build accepts it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const dist = dirname(fileURLToPath(import.meta.resolve('@routescope/sdk')));

/** Every declaration file that can be reached from the package's entries. */
function reachable(path: string, found = new Map<string, string>()): Map<string, string> {
  if (found.has(path)) return found;
  const text = readFileSync(path, 'utf8').replace(/[ \t]*\/\*\*[^]*?\*\/\n|\n\/\/# sourceMappingURL=.*/g, '');
  found.set(path, text);
  for (const [, from] of text.matchAll(/from '(\.[^']*)'/g))
    reachable(join(dirname(path), (from as string).replace(/\.[jt]s$/, '.d.ts')), found);
  return found;
}

test.each([
  ['@routescope/sdk', 'index.d.ts'],
  ['@routescope/sdk/router', 'router/index.d.ts'],
  ['@routescope/sdk/node', 'node/index.d.ts'],
  ['@routescope/sdk/otel', 'otel/index.d.ts'],
])('the types of %s are the ones kept', async (_, entry) => {
  for (const [path, text] of reachable(join(dist, entry)))
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'sdk', relative(dist, path)));
});

test.each([
  ['@routescope/sdk', ['closeDroppedInferences', 'closeOpenInferences', 'observe', 'score', 'shown', 'withSession', 'withTag']],
  ['@routescope/sdk/router', [
      'BudgetError',
      'Health',
      'RouteError',
      'Signals',
      'anthropicMessages',
      'armOf',
      'choose',
      'classifierInput',
      'complexities',
      'complexityOf',
      'complexityRules',
      'createRouter',
      'deadRules',
      'declaredAttempts',
      'defaultConfidence',
      'describeChanges',
      'firstMatch',
      'jsonSchema',
      'liveRoutes',
      'llmJudge',
      'logprobConfidence',
      'openaiChat',
      'plainTable',
      'routes',
      'tableFromFile',
      'tableFromJson',
      'textConfidence',
      'tierOf',
    ]],
  ['@routescope/sdk/node', ['start']],
  ['@routescope/sdk/otel', ['adopt', 'everyCall', 'keepShare']],
])('%s exports these names', async (name, names) => {
  expect(Object.keys(await import(name)).sort()).toEqual(names);
});
