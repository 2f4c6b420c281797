import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asked, breakerDefaults, closedBreaker, heard, mayAsk } from './breaker.ts';
import { blocked, durationMs, filled, fullBucket, isNear, taken } from './bucket.ts';
import { Health } from './health.ts';
import { nextPlace } from './place.ts';

const options = { ...breakerDefaults, openMs: 10_000 };

describe('a circuit', () => {
  const after = (results: string, step = 100) =>
    [...results].reduce((breaker, each, index) => heard(breaker, each === '+', index * step, options), closedBreaker);

  test.each([
    ['----', 'closed'],
    ['-----', 'open'],
    ['+++++-----', 'open'],
    ['++++++-----', 'closed'],
    ['-+-+-+-+-', 'open'],
    ['--------+', 'open'],
  ])('after %s is %s', (results, state) => expect(after(results).state).toBe(state));

  test('forgets what is older than its window', () => {
    expect(after('-----', 8_000).state).toBe('closed');
  });

  test('lets one probe through when its time is up: an answer closes it, a failure opens it again', () => {
    const open = after('-----');
    expect(mayAsk(open, open.since + 9_999, options)).toBe(false);
    const now = open.since + 10_000;
    expect(mayAsk(open, now, options)).toBe(true);
    const probing = asked(open, now);
    expect(probing.state).toBe('half_open');
    expect(mayAsk(probing, now + 1, options)).toBe(false);
    expect(heard(probing, true, now + 5, options)).toEqual(closedBreaker);
    expect(heard(probing, false, now + 5, options)).toMatchObject({ state: 'open', since: now + 5 });
    // A probe nobody hears of again does not keep it shut for ever.
    expect(mayAsk(probing, now + 10_000, options)).toBe(true);
  });

  test('is one of three states after anything, and always lets somebody ask in the end', () => {
    const step = fc.record({ what: fc.constantFrom('ask', 'ok', 'bad'), ms: fc.integer({ min: 0, max: 20_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        let now = 0;
        let breaker = closedBreaker;
        for (const { what, ms } of steps) {
          now += ms;
          if (what === 'ask' && mayAsk(breaker, now, options)) breaker = asked(breaker, now);
          if (what !== 'ask') breaker = heard(breaker, what === 'ok', now, options);
        }
        return breaker.recent.length <= options.size && mayAsk(breaker, now + options.openMs, options);
      }),
    );
  });
});

describe('a token bucket', () => {
  const from = (headers: Record<string, string>, now = 0) => filled(fullBucket, (name) => headers[name], now);

  test.each([
    ['nothing said', {}, false],
    ['plenty', { 'x-ratelimit-limit-requests': '100', 'x-ratelimit-remaining-requests': '50' }, false],
    ['below 5 %', { 'x-ratelimit-limit-requests': '100', 'x-ratelimit-remaining-requests': '4' }, true],
    ['the last one of ten', { 'x-ratelimit-limit-requests': '10', 'x-ratelimit-remaining-requests': '1' }, false],
    ['none of ten', { 'x-ratelimit-limit-requests': '10', 'x-ratelimit-remaining-requests': '0' }, true],
    ['few tokens', { 'x-ratelimit-limit-tokens': '10000', 'x-ratelimit-remaining-tokens': '100' }, true],
    [
      'Anthropic’s output tokens',
      { 'anthropic-ratelimit-output-tokens-limit': '8000', 'anthropic-ratelimit-output-tokens-remaining': '0' },
      true,
    ],
    ['nonsense', { 'x-ratelimit-limit-requests': 'x', 'x-ratelimit-remaining-requests': '-1' }, false],
  ])('%s', (_, headers, near) => expect(isNear(from(headers as Record<string, string>), 0)).toBe(near));

  test('is refilled evenly until its reset, which may be a length or a time', () => {
    const openai = from({
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '10s',
    });
    expect([0, 400, 600, 10_000].map((now) => isNear(openai, now))).toEqual([true, true, false, false]);
    const anthropic = from({
      'anthropic-ratelimit-requests-limit': '100',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': '1970-01-01T00:00:10Z',
    });
    expect([0, 400, 600, 10_000].map((now) => isNear(anthropic, now))).toEqual([true, true, false, false]);
  });

  test('sees a burst before the provider answers, and a 429 until it is over', () => {
    let bucket = from({ 'x-ratelimit-limit-requests': '10', 'x-ratelimit-remaining-requests': '2' });
    bucket = taken(taken(bucket));
    expect(isNear(bucket, 0)).toBe(true);
    expect(isNear(blocked(fullBucket, 500), 499)).toBe(true);
    expect(isNear(blocked(fullBucket, 500), 500)).toBe(false);
  });

  test.each([
    ['6m0s', 360_000],
    ['1.5s', 1_500],
    ['20ms', 20],
    ['1h2m', 3_720_000],
    ['7', 7_000],
    ['soon', undefined],
    ['', undefined],
  ])('%s is %s ms', (text, ms) => expect(durationMs(text)).toBe(ms));
});

test('what is known of a provider is its worst; changes are told once', () => {
  let now = 0;
  const health = new Health({ clock: () => now, breaker: { openMs: 10_000 } });
  const changes: string[] = [];
  health.onChange(({ provider, state, failures }) => changes.push(`${provider} ${state} ${failures}`));
  for (let index = 0; index < 5; index++) {
    health.asks('openai');
    health.hears('openai', 'failed');
  }
  health.blocks('anthropic', 2_000);
  expect(['openai', 'anthropic', 'x'].map((each) => health.availability(each))).toEqual([
    'circuit_open',
    'rate_limit',
    'ok',
  ]);
  now = 10_000;
  expect(health.availability('openai')).toBe('ok');
  health.asks('openai');
  expect(health.availability('openai')).toBe('circuit_open');
  health.hears('openai', 'ok');
  expect(changes).toEqual(['openai open 5', 'openai half_open 5', 'openai closed 0']);
});

describe('the next place', () => {
  const tiers = [[{ weight: 1 }, { weight: 3 }], [{ weight: 1 }]];
  const at = (tried: string[], how: Record<string, 'rate_limit' | 'circuit_open'>, draw = 0, rank = 0) =>
    nextPlace(
      tiers,
      rank,
      (place) => tried.includes(`${place.rank}.${place.index}`),
      (place) => how[`${place.rank}.${place.index}`] ?? 'ok',
      () => draw,
    );
  const name = ({ place }: ReturnType<typeof at>) => place && `${place.rank}.${place.index}`;

  test.each([
    ['by weight, low', [], {}, 0.2, '0.0'],
    ['by weight, high', [], {}, 0.3, '0.1'],
    ['the other one', ['0.0'], {}, 0, '0.1'],
    ['the next tier', ['0.0', '0.1'], {}, 0, '1.0'],
    ['nobody', ['0.0', '0.1', '1.0'], {}, 0, undefined],
    ['past an open circuit', [], { '0.0': 'circuit_open' }, 0, '0.1'],
    ['past a near limit', [], { '0.0': 'rate_limit', '0.1': 'rate_limit' }, 0, '1.0'],
    ['a near limit after all', [], { '0.0': 'rate_limit', '0.1': 'circuit_open', '1.0': 'circuit_open' }, 0, '0.0'],
    ['no open circuit ever', [], { '0.0': 'circuit_open', '0.1': 'circuit_open', '1.0': 'circuit_open' }, 0, undefined],
  ] as const)('%s', (_, tried, how, draw, expected) => expect(name(at([...tried], how, draw))).toBe(expected));

  test('says who was passed over, and never the one it names', () => {
    expect(at([], { '0.0': 'circuit_open', '0.1': 'rate_limit' }).passed.map(({ cause }) => cause)).toEqual([
      'circuit_open',
      'rate_limit',
    ]);
    expect(at([], { '0.0': 'rate_limit', '0.1': 'rate_limit', '1.0': 'rate_limit' }).passed).toHaveLength(2);
  });
});
