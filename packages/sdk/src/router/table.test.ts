/** The table as data: what is wrong with it, in JSON as in TypeScript, changed while it runs, and compared. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type } from 'arktype';
import * as v from 'valibot';
import { afterAll, describe, expect, test } from 'vitest';
import type { RouterEvent } from '../events.ts';
import { ChatReply } from './answer.ts';
import { actionAt, Budgets, keyOf } from './budget.ts';
import { jsonSchema } from './checks.ts';
import { describeChanges } from './diff.ts';
import { armOf } from './experiment.ts';
import { tableFromFile, tableFromJson } from './from-json.ts';
import { liveRoutes } from './live.ts';
import { isSameModel, mismatchOf } from './mismatch.ts';
import { plainTable } from './plain.ts';
import { createRouter } from './route.ts';
import { type Route, routes, type Via } from './routes.ts';
import { judge, type Validator } from './validate.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-table-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const via = (provider: string): Via =>
  Object.assign(async () => 'x', {
    server: { provider, host: `api.${provider}.com`, address: `api.${provider}.com`, port: 443 },
  });
const vias = { openai: via('openai'), anthropic: via('anthropic') };

const json = {
  routes: {
    'classify-intent': {
      why: 'Five labels.',
      caughtBy: 'next-step-validates',
      tiers: [
        { name: 'small', model: 'haiku', via: 'anthropic', maxTokens: 64, tempCap: 0 },
        {
          name: 'top',
          deployments: [
            { name: 'a', model: 'gpt-4o', via: 'openai', weight: 2 },
            { name: 'b', model: 'gpt-4o', via: 'openai' },
          ],
        },
      ],
      validate: { regex: '^(a|b)$', flags: 'i' },
      policy: { kind: 'rules', rules: [{ name: 'long', when: { minWords: 200 }, tier: 'top' }] },
      qualityBar: 0.8,
      baseline: 'gpt-4o',
    },
  },
};
const written = {
  'classify-intent': {
    caughtBy: 'next-step-validates',
    why: 'Five labels.',
    tiers: [
      { name: 'small', model: 'haiku', via: vias.anthropic, maxTokens: 64, tempCap: 0 },
      {
        name: 'top',
        deployments: [
          { name: 'a', model: 'gpt-4o', via: vias.openai, weight: 2 },
          { name: 'b', model: 'gpt-4o', via: vias.openai },
        ],
      },
    ],
    validate: /^(a|b)$/i,
    policy: { kind: 'rules', rules: [{ name: 'long', when: { minWords: 200 }, tier: 'top' }] },
    qualityBar: 0.8,
    baseline: 'gpt-4o',
  },
} as const;

test('a table in JSON is the table in TypeScript, to its version', () => {
  const fromJson = tableFromJson(JSON.stringify(json), { vias });
  expect(fromJson.version).toBe(routes(written).version);
  expect(plainTable(fromJson.routes)).toEqual(plainTable(written));
  expect(tableFromJson(JSON.stringify({ ...json, version: 'v7' }), { vias }).version).toBe('v7');
});

describe('what is wrong is said in sentences', () => {
  const base = written['classify-intent'] as unknown as Route;
  const small = base.tiers[0];
  test.each<[Partial<Record<keyof Route, unknown>>, string]>([
    [{ tiers: [{ ...small, tempCap: 0, temperature: 0.5 }] }, 'tier 0 has temperature 0.5 above its tempCap 0'],
    [{ tiers: [{ name: 'x', deployments: [] }] }, 'tier 0 has no deployments'],
    [
      { tiers: [{ ...small, deployments: [{ model: 'm', via: vias.openai, weight: 0 }] }] },
      'tier 0, deployment 0 has weight 0',
    ],
    [{ tiers: [null] }, 'tier 0 is no object'],
    [{ qualityBar: 8 }, 'qualityBar is 8, expected a score from 0 to 1'],
    [{ maxAttempts: 0 }, 'maxAttempts is 0'],
    [{ policy: { kind: 'magic' } }, 'policy "magic" is none of static, rules, classifier, cascade, hybrid'],
    [{ policy: { kind: 'static', tier: 'huge' } }, 'the policy names the tier "huge"; there are small, top'],
    [{ policy: { kind: 'classifier', tag: 'none' } }, 'the classifier\'s tag "none" is not in the table'],
    [{ policy: { kind: 'classifier', tag: 'job' } }, 'the classifier\'s tag "job" leads back here'],
    [{ policy: { kind: 'cascade', threshold: 70 } }, 'threshold is 70'],
    [
      { policy: { kind: 'hybrid', features: { faq: 'x' }, otherwise: { kind: 'cascade' } } },
      'feature faq names the tier "x"',
    ],
  ])('%j', (change, sentence) => {
    expect(() => routes({ job: { ...base, ...change } as Route })).toThrow(sentence);
  });

  test('of JSON, with the names there are', () => {
    expect(() => tableFromJson('{', { vias })).toThrow('the route table is no JSON');
    expect(() => tableFromJson('[]', { vias })).toThrow('expected {"routes"');
    const odd = {
      job: {
        why: 'w',
        caughtBy: 'nothing',
        tiers: [{ name: 't', model: 'm', via: 'gemini' }],
        validate: { check: 'x' },
      },
    };
    expect(() => tableFromJson(JSON.stringify(odd), { vias })).toThrow(
      'tier 0 has via "gemini"; there are openai, anthropic; "job": validate {"check":"x"} is none of',
    );
  });

  test('rules that can never match are warned of', () => {
    const rules = [
      { name: 'all', when: {}, tier: 'small' },
      { name: 'late', when: { feature: 'x' }, tier: 'top' },
    ];
    expect(routes({ job: { ...base, policy: { kind: 'rules', rules } } }).warnings).toEqual([
      '"job": rule late can never match: "all" before it takes all of it',
    ]);
  });
});

test('a table changes while the router runs; a bad one is refused once, with the reason, and the old one stays', async () => {
  const path = join(directory, 'routes.json');
  const write = (table: unknown) => writeFileSync(path, typeof table === 'string' ? table : JSON.stringify(table));
  write(json);
  const live = await liveRoutes(() => tableFromFile(path, { vias }), { everyMs: 0 });
  const events: RouterEvent[] = [];
  const router = createRouter(live, { onEvent: (event) => void events.push(event) });
  const first = router.version;
  expect(await live.reload()).toBe(false);
  write('{ half a fi');
  expect(await live.reload()).toBe(false);
  expect(await live.reload()).toBe(false);
  expect(live.problem).toContain('routes.json: the route table is no JSON');
  write({ routes: {} });
  expect(await live.reload()).toBe(false);
  expect(router.version).toBe(first);
  const changed = structuredClone(json);
  changed.routes['classify-intent'].qualityBar = 0.9;
  write(changed);
  expect(await live.reload()).toBe(true);
  expect(live.problem).toBeUndefined();
  expect(router.version).not.toBe(first);
  write({ routes: { other: changed.routes['classify-intent'] } });
  expect(await live.reload()).toBe(false);
  expect(
    events.map(({ kind, state, text }) => [kind, state, text.replace(/.*routes.json: /, '').slice(0, 60)]),
  ).toEqual([
    ['route_table', 'loaded', '1 tags'],
    ['route_table', 'refused', expect.stringContaining('the route table is no JSON')],
    ['route_table', 'refused', expect.stringContaining('the table has no tags')],
    ['route_table', 'changed', `after ${first}; classify-intent: qualityBar 0.8 → 0.9`],
    ['route_table', 'refused', expect.stringContaining('has no classify-intent')],
  ]);
  await expect(liveRoutes(() => tableFromFile(join(directory, 'none.json'), { vias }))).rejects.toThrow('none.json');
});

test('a change is said in words', () => {
  const before = plainTable(written);
  const now = structuredClone(before);
  now['classify-intent'].tiers[0].model = 'sonnet';
  now['classify-intent'].tiers.push({ name: 'huge', model: 'opus', via: 'anthropic' });
  delete now['classify-intent'].qualityBar;
  now['new-job'] = { why: 'because', caughtBy: 'nothing', tiers: [{ name: 's', model: 'm', via: 'openai' }] };
  expect(describeChanges(before, now)).toEqual([
    'classify-intent: tier small: model "haiku" → "sonnet"',
    'classify-intent: tier huge is new (opus by anthropic)',
    'classify-intent: qualityBar 0.8 → not set',
    'new-job: new, starts at m by openai (because)',
  ]);
  expect(describeChanges(before, before)).toEqual([]);
});

describe('arms', () => {
  const arms = [
    { name: 'control', share: 50 },
    { name: 'treatment', share: 50 },
  ];
  const users = Array.from({ length: 4_000 }, (_, index) => `user-${index}`);
  const all = (given: readonly { name: string; share: number }[]) =>
    users.map((user) => armOf('exp', given, user)?.name);

  test('are the same in another order and in another process', () => {
    const here = all(arms);
    expect(all([...arms].reverse())).toEqual(here);
    const script = `import { armOf } from ${JSON.stringify(import.meta.resolve('@routescope/sdk/router'))};
      const arms = ${JSON.stringify([...arms].reverse())};
      process.stdout.write(JSON.stringify(${JSON.stringify(users.slice(0, 500))}.map((user) => armOf('exp', arms, user).name)));`;
    const there = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(there)).toEqual(here.slice(0, 500));
  });

  test('stay what they are from release to release', () => {
    const known = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'].map((user) =>
      armOf('exp', arms, user)?.name.charAt(0),
    );
    expect(known.join('')).toMatchInlineSnapshot(`"tccccctt"`);
  });

  test('have their shares, and only gain users when theirs grows', () => {
    const share = (names: readonly (string | undefined)[]) =>
      names.filter((name) => name === 'treatment').length / users.length;
    const half = all(arms);
    const more = all([arms[0] as never, { name: 'treatment', share: 75 }]);
    expect(share(half)).toBeCloseTo(0.5, 1);
    expect(share(more)).toBeCloseTo(0.6, 1);
    expect(users.every((_, index) => half[index] !== 'treatment' || more[index] === 'treatment')).toBe(true);
    expect(
      all([
        { name: 'off', share: 0 },
        { name: 'on', share: 1 },
      ]),
    ).toEqual(users.map(() => 'on'));
  });
});

describe('a budget', () => {
  const budget = { name: 'b', usd: 1, per: ['tag', 'day'] as const, over: 'refuse' as const };
  const call = { tag: 't', session: 's', userSegment: 'free' };
  const day = Date.parse('2026-11-10T23:00:00Z');

  test.each([
    [['tag', 'day'], 'tag=t day=2026-11-10'],
    [['session'], 'session=s'],
    [['user_segment', 'day'], 'user_segment=free day=2026-11-10'],
    [[], ''],
  ] as const)('per %j has the account %j', (per, key) => expect(keyOf({ ...budget, per }, call, day)).toBe(key));

  test('is spent from its amount on', () => {
    expect([0.99, 1, 2].map((spent) => actionAt(spent, budget))).toEqual(['none', 'refuse', 'refuse']);
  });

  test('warns once, is exceeded once, and starts anew the next day', async () => {
    let now = day;
    const told: string[] = [];
    const budgets = new Budgets(
      [budget],
      () => now,
      ({ state, key, spentUsd }) => told.push(`${state} ${key} ${spentUsd}`),
    );
    for (let index = 0; index < 12; index++) budgets.spend(call, 100_000_000_000);
    budgets.spend(call, null);
    expect(told).toEqual(['warned tag=t day=2026-11-10 0.8', 'exceeded tag=t day=2026-11-10 1']);
    expect(budgets.check(call).action).toBe('refuse');
    expect(budgets.check({ ...call, tag: 'other' }).action).toBe('none');
    now += 3_600_000;
    expect(budgets.check(call).action).toBe('none');
  });

  test('shared by several processes holds by what all of them spent', async () => {
    const asked: string[] = [];
    const spentUsd = async (key: string) => {
      asked.push(key);
      return 1.5;
    };
    const budgets = new Budgets(
      [{ ...budget, spentUsd }],
      () => day,
      () => {},
    );
    expect(budgets.check(call).action).toBe('none');
    await Promise.resolve();
    expect(budgets.check(call).action).toBe('refuse');
    expect(asked).toEqual(['tag=t day=2026-11-10']);
  });
});

describe('a check', () => {
  const verdictOf = async (check: Validator, text: string, more: object = {}) => {
    const value = new ChatReply({
      text,
      finishReason: 'stop',
      isRefusal: false,
      model: 'm',
      usage: {} as never,
      raw: undefined,
    });
    const context = { input: undefined, ask: async () => '' };
    return judge(value, { validator: { check, ...more }, qualityBar: undefined, context });
  };
  const schema = { type: 'object', required: ['a'], properties: { a: { type: 'number' } } };

  test.each<[string, Validator, string, string, string | undefined]>([
    ['valibot, met', v.object({ a: v.number() }), '{"a":1}', 'pass', undefined],
    ['valibot, not met', v.object({ a: v.number() }), '{"a":"x"}', 'fail', 'not met at a'],
    ['arktype, met', type({ a: 'number' }) as never, '{"a":1}', 'pass', undefined],
    ['arktype, not met', type({ a: 'number' }) as never, '{"a":"x"}', 'fail', 'not met at a'],
    ['JSON Schema, met', jsonSchema(schema), '{"a":1}', 'pass', undefined],
    ['JSON Schema, not met', jsonSchema(schema), '{"a":"x"}', 'fail', 'not met at /a type'],
    [
      'keys that the model has made up',
      v.record(v.string(), v.number()),
      '{"SECRET of a person":"x"}',
      'fail',
      'not met at *',
    ],
    [
      'keys that the model has made up, by a JSON Schema',
      jsonSchema({ additionalProperties: { type: 'number' } }),
      '{"SECRET of a person":"x"}',
      'fail',
      'not met at /* type',
    ],
    ['JSON Schema, no JSON', jsonSchema(schema), 'Sure!', 'fail', 'no JSON'],
    [
      'JSON Schema of 2020',
      jsonSchema({ ...schema, $schema: 'https://json-schema.org/draft/2020-12/schema' }),
      '{}',
      'fail',
      'not met at (root) required',
    ],
  ])('%s', async (_, check, text, result, reason) => {
    expect(await verdictOf(check, text)).toMatchObject({ result, reason });
  });

  test('with a score below its threshold fails whatever it says, and carries its name and release', async () => {
    const check = () => ({ result: 'pass' as const, score: 0.4 });
    expect(await verdictOf(check, 'x', { name: 'rubric', version: '3', threshold: 0.5 })).toMatchObject({
      result: 'fail',
      name: 'rubric',
      version: '3',
      score: 0.4,
      reason: 'below 0.5',
    });
    expect(await verdictOf(check, 'x', { threshold: 0.4 })).toMatchObject({ result: 'pass', reason: undefined });
  });
});

describe('served as the route says', () => {
  test.each([
    ['gpt-4o', 'gpt-4o-2024-08-06', true],
    ['gpt-4o', 'gpt-4o-mini', false],
    ['gpt-4', 'gpt-4o', false],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku-20241022', true],
    ['anthropic/claude-sonnet-4', 'claude-sonnet-4-20250514', true],
    ['us.anthropic.claude-3-5-haiku-20241022-v1:0', 'claude-3-5-haiku-20241022', true],
    ['o3', 'o3-mini', false],
  ])('%s and %s: %s', (a, b, same) => expect([isSameModel(a, b), isSameModel(b, a)]).toEqual([same, same]));

  test('what differs is named', () => {
    const inference = {
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      requestMaxTokens: 64,
      requestTemperature: 0,
      provider: 'openai',
    };
    const expected = { model: 'gpt-4o', maxTokens: 64, temperature: 0 };
    const of = (more: object, want: object = {}) =>
      mismatchOf({ ...expected, ...want }, { ...inference, ...more } as never);
    expect(of({})).toEqual([]);
    expect(
      of({ requestModel: 'gpt-4', responseModel: 'o3', requestMaxTokens: undefined, requestTemperature: 1 }),
    ).toEqual(['request_model', 'response_model', 'max_tokens', 'temperature']);
    expect(of({ requestMaxTokens: 32 })).toEqual([]);
    expect(of({ provider: 'azure.ai.openai', responseModel: 'whatever' })).toEqual([]);
    expect(
      of({ requestMaxTokens: 9_999, requestTemperature: 2 }, { maxTokens: undefined, temperature: undefined }),
    ).toEqual([]);
  });
});
