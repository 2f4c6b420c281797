/** The commands about routes that need no store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readDataset } from './dataset.ts';
import { diffRoutes } from './routes-diff.ts';
import { evalRoutes } from './routes-eval.ts';
import { readRoutes } from './routes-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-cli-routes-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, content: unknown): string => {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const tier = (name: string, model: string, via = 'openai') => ({ name, model, via, maxTokens: 100 });
const job = (...tiers: object[]) => ({ why: 'w', caughtBy: 'nothing', tiers });

describe('diff', () => {
  test('says a change in words and in money', async () => {
    const old = file('old.json', { routes: { job: job(tier('small', 'gpt-4o')), same: job(tier('t', 'gpt-4o')) } });
    const now = file('new.json', {
      routes: { job: job(tier('small', 'gpt-4o-mini')), same: job(tier('t', 'gpt-4o')) },
    });
    const { text, data } = await diffRoutes(old, now, { input: 1_000, output: 200 }, {});
    expect(data.changes).toEqual(['job: tier small: model "gpt-4o" → "gpt-4o-mini"']);
    // 1,000 calls of 1,000 and, as the tier allows, 100 tokens: 2.50 and 10 against 0.15 and 0.60 USD per million.
    expect(data.per_1000_calls).toEqual([
      { tag: 'job', before_usd: 3.5, after_usd: 0.21, change_share: expect.closeTo(-0.94, 6) },
    ]);
    expect(text).toContain('job: $3.5000 → $0.2100 (-94.0 %)');
    expect((await diffRoutes(old, old, { input: 1, output: 1 }, {})).text).toContain('no change');
  });

  test('a price nobody knows is unknown, and a file that is wrong says where', async () => {
    const old = file('a.json', { job: job(tier('small', 'gpt-4o')) });
    const now = file('b.json', { job: job(tier('small', 'our-own', 'vllm')) });
    const { data } = await diffRoutes(old, now, { input: 1_000, output: 200 }, {});
    expect(data.per_1000_calls).toMatchObject([{ after_usd: null, change_share: null }]);
    await expect(readRoutes(file('c.json', { job: {} }), {})).rejects.toThrow(/c\.json: .*`why` is missing/);
    for (const none of ['none.json', 'none.js'])
      await expect(readRoutes(join(directory, none), {})).rejects.toThrow(`${none}: there is no such file`);
    const module = file(
      'd.mjs',
      "export default { job: { why: 'w', caughtBy: 'nothing', tiers: [{ name: 's', model: 'm', via: () => '' }] } };",
    );
    expect(Object.keys((await readRoutes(module, {})).routes)).toEqual(['job']);
  });
});

describe('a golden set', () => {
  const rows = [
    { query: 'What is the capital of France?', complexity: 'SIMPLE' },
    { query: 'Explain how a compiler works', complexity: 'MODERATE', feature: 'chat' },
    { query: 'Write it', complexity: 'COMPLEX', feature: 'code_generation' },
  ];
  test.each([
    ['rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n')],
    ['rows.json', JSON.stringify(rows, null, 2)],
    ['wrapped.json', JSON.stringify({ rows })],
    ['one-line.json', JSON.stringify(rows)],
    [
      'rows.csv',
      'query,complexity,feature\n"What is the capital of France?",SIMPLE,\n"Explain how a compiler works",MODERATE,chat\nWrite it,COMPLEX,code_generation\n',
    ],
  ])('is read from %s', async (name, content) => {
    const read = await readDataset(file(name, content));
    expect(read.map(({ signals, expected }) => [signals.text, expected, signals.feature])).toEqual(
      rows.map(({ query, complexity, feature }) => [query, complexity, feature]),
    );
  });

  test('with messages, retrieval scores, quotes and line breaks; what is missing is named', async () => {
    const [row] = await readDataset(
      file('m.json', [
        { messages: [{ role: 'user', content: 'hi' }], expected: 'small', retrieval_scores: [0.1, 0.9] },
      ]),
    );
    expect(row?.signals).toMatchObject({ text: 'hi', retrievalScores: [0.1, 0.9] });
    const [quoted] = await readDataset(file('q.csv', 'text,label\r\n"say ""hi"",\nplease",SIMPLE\r\n'));
    expect(quoted?.signals.text).toBe('say "hi",\nplease');
    await expect(readDataset(file('x.jsonl', '{"query":"a","label":"SIMPLE"}\n{"query":"b"}'))).rejects.toThrow(
      'line 2: there is no expected, complexity',
    );
    await expect(readDataset(file('y.jsonl', '{"query":"a","label":"SIMPLE"}\n{oops'))).rejects.toThrow(
      'line 2: no JSON',
    );
    await expect(readDataset(file('z.json', '[]'))).rejects.toThrow('has no rows');
  });
});

describe('eval', () => {
  const golden = (name: string, rows: readonly object[]): string =>
    file(name, rows.map((row) => JSON.stringify(row)).join('\n'));
  const hard = (count: number) =>
    Array.from({ length: count }, () => ({ query: 'x', complexity: 'COMPLEX', feature: 'research' }));
  const fooled = { query: 'short and hard', complexity: 'COMPLEX' };

  test('passes up to 10 % of the complex at tier 0, and fails above', async () => {
    const options = { table: undefined, tag: undefined, most: 0.1 };
    const passed = await evalRoutes({ ...options, dataset: golden('p.jsonl', [...hard(9), fooled]) }, {});
    expect(passed.data).toMatchObject({ passed: true, complex_to_tier0: { share: 0.1, count: 1, of: 10 } });
    const failed = await evalRoutes({ ...options, dataset: golden('f.jsonl', [...hard(8), fooled]) }, {});
    expect(failed.data).toMatchObject({ passed: false, misclassification: { count: 1, of: 9 } });
    expect(failed.text).toContain('FAILED: more than 10 % of the complex go to tier 0');
    expect(failed.data.reasons).toEqual({ 'complex-feature': 8, short: 1 });
  });

  const table = file('table.json', {
    classify: job(tier('nano', 'gpt-4.1-nano')),
    ask: {
      ...job(tier('small', 'gpt-4o-mini'), tier('mid', 'gpt-4o'), tier('top', 'o3')),
      policy: { kind: 'classifier', tag: 'classify' },
    },
    climb: { ...job(tier('small', 'gpt-4o-mini'), tier('top', 'gpt-4o')), policy: { kind: 'cascade' } },
    fixed: { ...job(tier('small', 'gpt-4o-mini'), tier('top', 'gpt-4o')), policy: { kind: 'static', tier: 'top' } },
    mixed: {
      ...job(tier('small', 'gpt-4o-mini'), tier('top', 'gpt-4o')),
      policy: {
        kind: 'hybrid',
        features: { faq: 'small' },
        otherwise: {
          kind: 'rules',
          rules: [
            { name: 'all', when: {}, tier: 'top' },
            { name: 'late', when: { feature: 'x' }, tier: 'small' },
          ],
        },
      },
    },
  });
  const run = async (tag: string, rows: readonly object[]) =>
    (await evalRoutes({ dataset: golden(`${tag}.jsonl`, rows), table, tag, most: 0.1 }, {})).data;

  test('a classifier by its recorded answers; a bad one is MODERATE; without one and without a key it says what to do', async () => {
    const data = await run('ask', [
      { query: 'a', complexity: 'SIMPLE', classifier_answer: '{"tier":"SIMPLE"}' },
      { query: 'b', complexity: 'COMPLEX', classifier_answer: 'COMPLEX' },
      { query: 'c', complexity: 'COMPLEX', classifier_answer: 'dunno' },
    ]);
    expect(data.confusion).toEqual([
      { expected: 'small', small: 1, mid: 0, top: 0 },
      { expected: 'mid', small: 0, mid: 0, top: 0 },
      { expected: 'top', small: 0, mid: 1, top: 1 },
    ]);
    expect(data.reasons['not understood']).toBe(1);
    await expect(run('ask', [{ query: 'a', complexity: 'SIMPLE' }])).rejects.toThrow(
      /line 1: the classifier did not answer: .*OPENAI_API_KEY.*"classifier_answer"/,
    );
  });

  test('a cascade by recorded answers, the others by themselves', async () => {
    const answers = (small: string) => ({ answers: { small, top: 'x' } });
    expect(
      (
        await run('climb', [
          { query: 'a', expected: 'small', ...answers('Paris.') },
          { query: 'b', expected: 'top', ...answers("I'm not sure") },
        ])
      ).misclassification.count,
    ).toBe(0);
    expect(
      (
        await run('fixed', [
          { query: 'a', expected: 'small' },
          { query: 'b', expected: '1' },
        ])
      ).over_routed.count,
    ).toBe(1);
    const mixed = await run('mixed', [
      { query: 'a', expected: 'small', feature: 'faq' },
      { query: 'b', expected: 'top' },
    ]);
    expect(mixed.misclassification.count).toBe(0);
    expect(mixed.dead_rules).toEqual([{ rule: 'late', why: '"all" before it takes all of it' }]);
    await expect(run('fixed', [{ query: 'a', expected: 'huge' }])).rejects.toThrow(
      'expected "huge" is none of SIMPLE, MODERATE, COMPLEX, small, top',
    );
    await expect(run('none', [{ query: 'a', expected: 'SIMPLE' }])).rejects.toThrow('"none" is no tag of the table');
  });
});
