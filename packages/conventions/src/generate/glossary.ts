/** Makes `docs/glossary.md` from the table of words. */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  attemptReasons,
  catchers,
  costSources,
  costStatuses,
  endings,
  eventKinds,
  outcomes,
  policies,
  providerCauses,
  qualityCauses,
  scoreNames,
  streamOutcomes,
  usageSources,
  validationResults,
} from '../vocabulary.ts';
import { spanColumns, type Word, words } from '../words.ts';

const vocabularies: readonly (readonly [string, readonly string[]])[] = [
  ['outcome', outcomes],
  ['attempt reason', attemptReasons],
  ['attempt cause, after a rejected answer', qualityCauses],
  ['attempt cause, after a failure', providerCauses],
  ['validation result', validationResults],
  ['policy', policies],
  ['what catches a wrong answer (`caughtBy`)', catchers],
  ['cost status', costStatuses],
  ['cost source', costSources],
  ['usage source', usageSources],
  ['ending', endings],
  ['stream outcome', streamOutcomes],
  ['kind of event', eventKinds],
  ["score names of the product's own", Object.values(scoreNames)],
];

const tables = { attempt: '`attempts`', call: '`calls`', both: '`attempts`, `calls`', score: '`scores`' } as const;

export function glossary(): string {
  const rows = (words as readonly Word[]).map(
    (word) =>
      `| ${word.term} | ${word.meaning} | \`${word.attribute}\`${word.resource ? ' (resource)' : ''} | \`${word.column}\` | ${tables[word.row]} | ${word.type} | ${word.unit ?? ''} | ${(word.alsoRead ?? []).map((name) => `\`${name}\``).join(', ')} |`,
  );
  const own = spanColumns.map(
    (column) =>
      `| ${column.term} | ${column.meaning} | \`${column.column}\` | ${tables[column.row]} | ${column.type} | ${'unit' in column ? column.unit : ''} |`,
  );
  return `# Glossary

One word means one thing, from option to attribute to column to panel. Generated from
\`packages/conventions/src/words.ts\` by \`npm run generate\`.

A **call** is one request of the app for one job: all its attempts, until the answer is accepted or given up. An
**attempt** is one try at one tier within a call; it is one model inference, or, in a tool loop, several, each its own
span and row with the same attempt number and a step. A **route** is a tag's documented choice: ordered tiers, limits,
validator, baseline, what catches a wrong answer, and the reason why.

**Fallback rate** of a tag = calls with a fallback ÷ calls whose first answer came from a tier below the top and got a
verdict. **Failover rate** = calls with a failover ÷ calls; the two are never mixed. **Human-override rate** = outputs
overridden ÷ outputs a human saw.

Usage: input tokens include cache reads and writes, output tokens include reasoning. Unknown is NULL, never 0.

## Words

| word | meaning | attribute | column | tables | type | unit | also read from |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

## Columns of the span itself

| word | meaning | column | tables | type | unit |
|---|---|---|---|---|---|
${own.join('\n')}

## What a word may be set to

${vocabularies.map(([name, values]) => `- **${name}**: ${values.map((value) => `\`${value}\``).join(', ')}`).join('\n')}
`;
}

const path = new URL('../../../../docs/glossary.md', import.meta.url);

export const isCurrent = (): boolean => readFileSync(path, 'utf8') === glossary();

export function write(): void {
  writeFileSync(path, glossary());
  console.log('wrote docs/glossary.md');
}
