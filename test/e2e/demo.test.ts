/** The demo's check as a user runs it: a process, its output, its exit code. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownFixtures } from '../provider/fixtures.ts';

const main = fileURLToPath(new URL('../dist/demo/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'routescope-e2e-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Model {
  readonly model: string;
  readonly output: string;
  readonly cost_usd: string | null;
}
interface Checked {
  readonly calls: Record<string, number>;
  readonly tokens: { readonly provider: { readonly output: string }; readonly tables: { readonly output: string } };
  readonly cost: { readonly provider: string; readonly tables: string };
  readonly models: readonly Model[];
  readonly not_in_price_list: readonly { readonly model: string; readonly cost_usd: string | null }[];
  readonly differences: readonly string[];
}

const demo = (
  ...flags: string[]
): Promise<{ readonly code: number; readonly checked: Checked; readonly said: string }> =>
  new Promise((done) => {
    const all = [main, '--check', '--json', '--sessions', '6', ...flags];
    execFile(process.execPath, all, { encoding: 'utf8' }, (problem, stdout, stderr) =>
      done({ code: Number(problem?.code ?? 0), checked: stdout ? JSON.parse(stdout) : undefined, said: stderr }),
    );
  });

const modelIn = ({ models }: Checked, name: string): Model => models.find(({ model }) => model === name) as Model;

let plain: Checked;
beforeAll(async () => {
  const { code, checked, said } = await demo();
  expect(said).not.toContain('demo:');
  expect(said).toContain('the watch is not asked: drift shows from 600 sessions on, these are 6');
  expect(checked.differences).toEqual([]);
  expect(code).toBe(0);
  plain = checked;
});

test('every call is a row, every request an attempt; tokens and cost are the provider’s to the last one', () => {
  const { calls, tokens, cost } = plain;
  expect(calls['rows_calls']).toBe(calls['made']);
  expect(calls['rows_attempts']).toBe(calls['requests']);
  expect(calls['spans_stored']).toBe(calls['spans_ended']);
  expect(tokens.tables).toEqual(tokens.provider);
  expect(cost.tables).toBe(cost.provider);
  expect(Number(cost.tables)).toBeGreaterThan(0.01);
});

test('a model nobody has a price for has no cost, not 0', () => {
  expect(plain.not_in_price_list).toContainEqual({ model: 'openai/llama-3.3-70b-versatile', cost_usd: null });
});

test('one output_tokens altered in one recording moves the total by exactly that', async () => {
  cpSync(ownFixtures, directory, { recursive: true });
  const path = join(directory, 'providers/anthropic/anthropic-web-search-tool.1.json');
  const answer = JSON.parse(readFileSync(path, 'utf8'));
  answer.usage.output_tokens += 7;
  writeFileSync(path, JSON.stringify(answer));
  const { checked } = await demo('--fixtures', directory);
  expect(checked.differences).toEqual([]);
  expect(Number(checked.tokens.tables.output) - Number(plain.tokens.tables.output)).toBe(7);
});

test('a price doubled in the user’s file doubles the cost, and the check sees that the provider charged less', async () => {
  const path = join(directory, 'prices.json');
  // gpt-4o-mini: 0.15, 0.60 and, from the cache, 0.075 USD per million
  const prices = [{ provider: 'openai', model: 'gpt-4o-mini', input: 0.3, output: 1.2, cacheRead: 0.15 }];
  writeFileSync(path, JSON.stringify({ version: 'doubled', prices }));
  const { code, checked } = await demo('--prices', path);
  const [before, after] = [plain, checked].map((each) => Number(modelIn(each, 'openai/gpt-4o-mini').cost_usd));
  expect(after).toBeCloseTo(2 * (before as number), 12);
  expect(checked.differences).toHaveLength(1);
  expect(checked.differences[0]).toMatch(/^openai\/gpt-4o-mini: cost: /);
  expect(code).toBe(1);
});

test('a directory that is not there is told, with exit code 2', async () => {
  const { code, said } = await demo('--fixtures', join(directory, 'nowhere'));
  expect(code).toBe(2);
  expect(said).toContain('nowhere: there is no such directory');
});
