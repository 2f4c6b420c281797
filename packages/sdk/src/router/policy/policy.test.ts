import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logprobConfidence, textConfidence } from './confidence.ts';
import { choose, complexityOf, type RoutePolicy, tierOf } from './policy.ts';
import { complexityRules, deadRules, firstMatch, type Rule } from './rules.ts';
import { type RouteSignals, Signals } from './signals.ts';

const tiers = [{ name: 'small' }, { name: 'mid' }, { name: 'top' }];
const signals = (text: string, more: RouteSignals = {}): Signals => new Signals('job', undefined, { text, ...more });
const words = (count: number): string => Array.from({ length: count }, () => 'word').join(' ');

describe('rules', () => {
  const when = (condition: Rule['when']): Rule => ({ name: 'r', when: condition, tier: 'small' });
  test.each([
    ['a feature', { feature: ['faq', 'help'] }, signals('', { feature: 'faq' }), true],
    ['another feature', { feature: 'faq' }, signals('', { feature: 'code' }), false],
    ['no feature said', { feature: 'faq' }, signals(''), false],
    ['a user segment', { userSegment: 'free' }, signals('', { userSegment: 'free' }), true],
    ['at most 29 words, 29', { maxWords: 29 }, signals(words(29)), true],
    ['at most 29 words, 30', { maxWords: 29 }, signals(words(30)), false],
    ['at least 201 words', { minWords: 201 }, signals(words(201)), true],
    ['code in a fence', { hasCode: true }, signals('see ```x = 1```'), true],
    ['code by its look', { hasCode: true }, signals('def f(x):\n  return x'), true],
    ['no code: "a first class import "', { hasCode: true }, signals('a first class import tax'), false],
    ['a keyword in any case', { keywords: ['step by step'] }, signals('Go Step By Step'), true],
    ['an excluded keyword', { noKeywords: ['explain'] }, signals('Explain it'), false],
    ['the best retrieval score', { minRetrievalScore: 0.8 }, signals('', { retrievalScores: [0.2, 0.9] }), true],
    ['no retrieval at all', { minRetrievalScore: 0.1 }, signals(''), false],
    ['a weak retrieval', { maxRetrievalScore: 0.5 }, signals('', { retrievalScores: [0.2, 0.4] }), true],
    ['an answer by a schema', { structured: true }, signals('', { structured: true }), true],
    ['several that all hold', { maxWords: 5, feature: 'faq' }, signals('hi', { feature: 'faq' }), true],
    ['several of which one fails', { maxWords: 5, feature: 'faq' }, signals(words(6), { feature: 'faq' }), false],
    ['nothing said', {}, signals('anything'), true],
  ] as const)('%s', (_, condition, given, expected) => {
    expect(firstMatch([when(condition)], given) !== undefined).toBe(expected);
  });

  test('the first that matches wins; a predicate of your own may throw', () => {
    const rules: Rule[] = [
      {
        name: 'broken',
        when: {},
        matches: () => {
          throw new Error('no');
        },
        tier: 'small',
      },
      { name: 'own', when: {}, matches: ({ text }) => text === 'x', tier: 'mid' },
      { name: 'rest', when: {}, tier: 'top' },
    ];
    expect(firstMatch(rules, signals('x'))?.name).toBe('own');
    expect(firstMatch(rules, signals('y'))?.name).toBe('rest');
  });

  test('those that can never match are found, with the reason', () => {
    const rules: Rule[] = [
      { name: 'faq', when: { feature: ['faq', 'help'] }, tier: 'small' },
      { name: 'short faq', when: { feature: 'faq', maxWords: 5 }, tier: 'mid' },
      { name: 'nobody', when: { minWords: 10, maxWords: 5 }, tier: 'mid' },
      { name: 'short', when: { maxWords: 50 }, tier: 'small' },
      { name: 'shorter', when: { maxWords: 20, keywords: ['x'] }, tier: 'mid' },
      { name: 'excluded', when: { keywords: ['design a system'], noKeywords: ['design'] }, tier: 'mid' },
      { name: 'own', when: {}, matches: () => true, tier: 'mid' },
      { name: 'all', when: {}, tier: 'mid' },
      { name: 'late', when: { feature: 'code' }, tier: 'top' },
    ];
    expect(deadRules(rules)).toEqual([
      { rule: 'short faq', why: '"faq" before it takes all of it' },
      { rule: 'nobody', why: 'minWords is above maxWords' },
      { rule: 'shorter', why: '"short" before it takes all of it' },
      { rule: 'excluded', why: 'each of its keywords is excluded by noKeywords' },
      { rule: 'late', why: '"all" before it takes all of it' },
    ]);
  });

  test('a rule called dead is never the first to match, whatever comes', () => {
    const condition = fc.record(
      {
        feature: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
        minWords: fc.integer({ min: 0, max: 4 }),
        maxWords: fc.integer({ min: 0, max: 4 }),
        hasCode: fc.boolean(),
        keywords: fc.subarray(['x', 'xy', 'z'], { minLength: 1 }),
        noKeywords: fc.subarray(['x', 'xy', 'z']),
        minRetrievalScore: fc.constantFrom(0, 0.5, 1),
        maxRetrievalScore: fc.constantFrom(0, 0.5, 1),
      },
      { requiredKeys: [] },
    );
    const given = fc.record({
      text: fc.constantFrom('', 'x', 'xy', 'z xy', 'a b c', '``` x', 'x y z a b'),
      feature: fc.constantFrom('a', 'b', 'c', 'd'),
      retrievalScores: fc.array(fc.constantFrom(0, 0.5, 0.7, 1), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 5 }), fc.array(given, { maxLength: 20 }), (conditions, calls) => {
        const rules = conditions.map((each, index): Rule => ({ name: String(index), when: each, tier: 'small' }));
        const dead = new Set(deadRules(rules).map(({ rule }) => rule));
        return calls.every((call) => !dead.has(firstMatch(rules, new Signals('t', undefined, call))?.name ?? ''));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a decision', () => {
  const rule = (name: string, tier: string, feature: string): Rule => ({ name, tier, when: { feature } });
  test.each<[string, RoutePolicy | undefined, RouteSignals, unknown]>([
    ['no policy', undefined, {}, { rank: 0, policy: 'static', reason: 'default' }],
    ['static, named', { kind: 'static', tier: 'top' }, {}, { rank: 2, policy: 'static', reason: 'default' }],
    ['a cascade', { kind: 'cascade' }, {}, { rank: 0, policy: 'cascade', reason: 'default' }],
    [
      'a rule',
      { kind: 'rules', rules: [rule('r1', 'mid', 'a')] },
      { feature: 'a' },
      { rank: 1, policy: 'rules', reason: 'r1' },
    ],
    [
      'no rule',
      { kind: 'rules', rules: [rule('r1', 'mid', 'a')], otherwise: 'top' },
      {},
      { rank: 2, policy: 'rules', reason: 'default' },
    ],
    [
      'hybrid, declared',
      { kind: 'hybrid', features: { faq: 'small', review: 'top' }, otherwise: { kind: 'rules', rules: [] } },
      { feature: 'review' },
      { rank: 2, policy: 'hybrid', reason: 'review' },
    ],
    [
      'hybrid, elsewhere',
      { kind: 'hybrid', features: { faq: 'small' }, otherwise: { kind: 'rules', rules: [], otherwise: 'mid' } },
      { feature: 'toString' },
      { rank: 1, policy: 'hybrid', reason: 'default' },
    ],
    ['a classifier', { kind: 'classifier', tag: 'c' }, {}, { ask: { kind: 'classifier', tag: 'c' } }],
  ])('%s', (_, policy, said, expected) => {
    expect(choose(policy, tiers, signals('x', said))).toEqual(expected);
  });

  test('is total: any policy over any call names a tier of the route', () => {
    const names = fc.constantFrom('small', 'mid', 'top', 'gone');
    const rules = fc.record({
      kind: fc.constant('rules' as const),
      rules: fc.array(fc.record({ name: fc.string(), when: fc.record({ feature: fc.string() }), tier: names })),
      otherwise: names,
    });
    const policy = fc.oneof(
      fc.record({ kind: fc.constant('static' as const), tier: names }),
      rules,
      fc.record({
        kind: fc.constant('hybrid' as const),
        features: fc.dictionary(fc.string(), names),
        otherwise: rules,
      }),
    );
    fc.assert(
      fc.property(policy, fc.string(), fc.string(), (each, text, feature) => {
        const choice = choose(each, tiers, signals(text, { feature }));
        return 'rank' in choice && choice.rank >= 0 && choice.rank < tiers.length;
      }),
    );
  });

  test.each([
    ['SIMPLE', 'SIMPLE', true],
    [' complex\n', 'COMPLEX', true],
    ['{"tier":"COMPLEX"}', 'COMPLEX', true],
    ['```json\n{"tier": "simple"}\n```', 'SIMPLE', true],
    ['{"tier":"HARD"}', 'MODERATE', false],
    ['{"tier":3}', 'MODERATE', false],
    ['{"tier":', 'MODERATE', false],
    ['It is a SIMPLE one', 'MODERATE', false],
    ['', 'MODERATE', false],
  ])('a classifier that says %j', (said, complexity, isUnderstood) => {
    expect(complexityOf(said)).toEqual({ complexity, isUnderstood });
  });

  test.each([
    [1, [0, 0, 0]],
    [2, [0, 1, 1]],
    [3, [0, 1, 2]],
    [4, [0, 2, 3]],
  ])('in a route of %i tiers the complexities start at %j', (length, expected) => {
    const some = Array.from({ length }, (_, index) => ({ name: String(index) }));
    const policy = { kind: 'classifier', tag: 'c' } as const;
    expect((['SIMPLE', 'MODERATE', 'COMPLEX'] as const).map((each) => tierOf(each, policy, some))).toEqual(expected);
    expect(tierOf('SIMPLE', { ...policy, tiers: { SIMPLE: String(length - 1) } }, some)).toBe(length - 1);
  });
});

describe('complexity by its look', () => {
  const rules = complexityRules({ SIMPLE: 'small', MODERATE: 'mid', COMPLEX: 'top' });
  test.each([
    ['What is the capital of France?', undefined, 'small'],
    ['Design a distributed cache for a gateway', 'code_generation', 'top'],
    ['Design a distributed cache for a gateway', undefined, 'mid'],
    ['Explain it', undefined, 'mid'],
    [words(19), undefined, 'small'],
    [words(20), undefined, 'mid'],
    ['Fix ```x```', undefined, 'top'],
    [`${words(20)} step by step`, undefined, 'top'],
    [words(300), 'extraction', 'small'],
  ])('%.40s (%s) → %s', (text, feature, tier) => {
    expect(firstMatch(rules, signals(text, feature === undefined ? {} : { feature }))?.tier).toBe(tier);
  });
  test('has no dead rule', () => expect(deadRules(rules)).toEqual([]));
});

describe('confidence', () => {
  test.each([
    ['', 0.65],
    ["I'm not sure", 0.5],
    ['I’m not sure', 0.5],
    ['Paris.', 0.75],
    [`${words(21)}.`, 0.9],
    [`1. ${words(21)}.`, 1],
    [`I cannot ${words(21)}`, 0.65],
  ])('of %.30j is %d', (text, expected) => expect(textConfidence(text)).toBe(expected));
  test('of log probabilities is their geometric mean', () => {
    expect(logprobConfidence([Math.log(0.5), Math.log(0.5)])).toBeCloseTo(0.5, 12);
    expect(logprobConfidence([0, Math.log(0.25)])).toBeCloseTo(0.5, 12);
  });
  test('stays from 0 to 1', () => {
    fc.assert(fc.property(fc.string(), (text) => textConfidence(text) >= 0 && textConfidence(text) <= 1));
  });
});
