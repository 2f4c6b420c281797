import { expect, test } from 'vitest';
import { causeOf, isProviderFailure, isRetryable, waitMs } from './failure.ts';
import { type Move, nextMove } from './move.ts';

const outcomes = ['accepted', 'rejected', 'failed', 'canceled'] as const;

/** retryable, long wait, retries, reruns, places, tiers, attempts left → what follows a failure, and a rejection */
const table: readonly (readonly [boolean, boolean, number, number, number, number, number, Move, Move])[] = [
  [true, false, 1, 0, 1, 1, 9, 'retry', 'fallback'],
  [true, false, 1, 0, 0, 0, 9, 'retry', 'stop'],
  [true, false, 0, 0, 1, 1, 9, 'failover', 'fallback'],
  [true, false, 0, 0, 0, 0, 9, 'stop', 'stop'],
  [false, false, 1, 0, 1, 1, 9, 'failover', 'fallback'],
  [false, false, 1, 0, 0, 0, 9, 'stop', 'stop'],
  [true, true, 1, 0, 1, 0, 9, 'failover', 'stop'], // nobody waits a minute when another can be asked
  [true, true, 1, 0, 0, 0, 9, 'retry', 'stop'],
  [true, false, 1, 1, 1, 1, 9, 'retry', 'rerun'],
  [true, false, 0, 1, 0, 0, 9, 'stop', 'rerun'],
  [true, false, 0, 0, 1, 0, 9, 'failover', 'stop'], // another deployment of the top tier mends a failure, not an answer
  [true, false, 1, 1, 1, 1, 0, 'stop', 'stop'],
];

test.each(table)(
  'retryable %s, long wait %s, retries %i, reruns %i, places %i, tiers %i, attempts %i: failed → %s, rejected → %s',
  (isRetryable, isLongWait, retriesLeft, rerunsLeft, placesLeft, tiersLeft, attemptsLeft, failed, rejected) => {
    const expected = { accepted: 'stop', canceled: 'stop', failed, rejected };
    for (const outcome of outcomes) {
      const situation = { isRetryable, isLongWait, retriesLeft, rerunsLeft, placesLeft, tiersLeft, attemptsLeft };
      expect([outcome, nextMove({ outcome, ...situation })]).toEqual([outcome, expected[outcome]]);
    }
  },
);

class APIConnectionTimeoutError extends Error {}
class APIConnectionError extends Error {}
const withStatus = (status: number): Error => Object.assign(new Error(), { status });

test.each([
  ['429', withStatus(429), true, true, 'rate_limited'],
  ['408', withStatus(408), true, true, 'provider_error'],
  ['500', withStatus(500), true, true, 'provider_error'],
  ['529', withStatus(529), true, true, 'provider_error'],
  ['400', withStatus(400), true, false, 'provider_error'],
  ['401', withStatus(401), true, false, 'provider_error'],
  ['a time-out of the SDK', new APIConnectionTimeoutError(), true, true, 'timeout'],
  ['a time-out signal', new DOMException('', 'TimeoutError'), true, true, 'timeout'],
  ['a connection of the SDK', new APIConnectionError(), true, true, 'provider_error'],
  ['a reset', Object.assign(new Error(), { code: 'ECONNRESET' }), true, true, 'provider_error'],
  ['fetch', new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }), true, true, 'provider_error'],
  ['the app’s own', new RangeError(), false, false, 'provider_error'],
  ['a string', 'oops', false, false, 'provider_error'],
  ['nothing', undefined, false, false, 'provider_error'],
])('a failure: %s', (_, error, provider, retryable, cause) => {
  expect([isProviderFailure(error), isRetryable(error), causeOf(error)]).toEqual([provider, retryable, cause]);
});

test.each([
  ['in milliseconds first', { 'retry-after-ms': '120', 'retry-after': '9' }, 120],
  ['in seconds', { 'retry-after': '2' }, 2_000],
  ['as a date', { 'retry-after': 'Tue, 10 Nov 2026 12:00:03 GMT' }, 3_000],
  ['in the past', { 'retry-after': 'Tue, 10 Nov 2026 11:00:00 GMT' }, 0],
  ['longer than a minute', { 'retry-after': '3600' }, 60_000],
  ['that is nonsense', { 'retry-after': 'soon' }, 250],
  ['not said', {}, 250],
])('a wait %s', (_, headers, expected) => {
  const now = Date.parse('2026-11-10T12:00:00Z');
  const plain = headers as Record<string, string>;
  expect(waitMs(Object.assign(new Error(), { headers: new Headers(plain) }), () => 0.5, now)).toBe(expected);
  expect(waitMs(Object.assign(new Error(), { headers: plain }), () => 0.5, now)).toBe(expected);
});
