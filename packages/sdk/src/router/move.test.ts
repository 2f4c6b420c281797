import { expect, test } from 'vitest';
import { causeOf, isProviderFailure, isRetryable, waitMs } from './failure.ts';
import { type Move, nextMove } from './move.ts';

const outcomes = ['accepted', 'rejected', 'failed', 'canceled'] as const;

/** retryable?, retries left?, tiers left? → what follows each outcome */
const table: readonly (readonly [boolean, boolean, boolean, Readonly<Record<(typeof outcomes)[number], Move>>])[] = [
  [true, true, true, { accepted: 'stop', rejected: 'fallback', failed: 'retry', canceled: 'stop' }],
  [true, true, false, { accepted: 'stop', rejected: 'stop', failed: 'retry', canceled: 'stop' }],
  [true, false, true, { accepted: 'stop', rejected: 'fallback', failed: 'failover', canceled: 'stop' }],
  [true, false, false, { accepted: 'stop', rejected: 'stop', failed: 'stop', canceled: 'stop' }],
  [false, true, true, { accepted: 'stop', rejected: 'fallback', failed: 'failover', canceled: 'stop' }],
  [false, true, false, { accepted: 'stop', rejected: 'stop', failed: 'stop', canceled: 'stop' }],
  [false, false, true, { accepted: 'stop', rejected: 'fallback', failed: 'failover', canceled: 'stop' }],
  [false, false, false, { accepted: 'stop', rejected: 'stop', failed: 'stop', canceled: 'stop' }],
];

test.each(table)('retryable %s, retries left %s, tiers left %s', (retryable, retries, tiers, expected) => {
  for (const outcome of outcomes) {
    const situation = { outcome, isRetryable: retryable, retriesLeft: Number(retries), tiersLeft: Number(tiers) };
    expect([outcome, nextMove(situation)]).toEqual([outcome, expected[outcome]]);
  }
});

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
