import { expect, test } from 'vitest';
import { isCurrent } from './generate/glossary.ts';
import { spanColumns, type Word, words } from './words.ts';

const all: readonly Word[] = words;

test('the glossary is the generator’s output', () => {
  expect(isCurrent(), 'run npm run generate').toBe(true);
});

test('a word, an attribute and a column are each one thing', () => {
  for (const key of ['term', 'attribute', 'column'] as const) {
    const names = all.map((word) => word[key]);
    expect(new Set(names).size, key).toBe(names.length);
  }
  const columns = [...all, ...spanColumns].map((word) => word.column);
  expect(new Set(columns).size).toBe(columns.length);
});

test('no attribute of ours is the prefix of another, as OpenTelemetry’s naming rule wants it', () => {
  const names = all.map((word) => word.attribute);
  for (const name of names) expect(names.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
});

test('what we read from others we do not also write', () => {
  const written = new Set(all.map((word) => word.attribute));
  for (const word of all) for (const name of word.alsoRead ?? []) expect(written.has(name), name).toBe(false);
});

test('a number has its unit, and money, tokens and seconds say so in the column', () => {
  for (const { column, unit, type } of all) {
    if (type.includes('Decimal')) expect(unit).toBe('USD');
    if (unit === 'USD') expect(column).toMatch(/_usd$/);
    if (unit === '{token}') expect(column).toMatch(/_tokens$/);
    if (unit === 's') expect(column).toMatch(/_s$/);
  }
});
