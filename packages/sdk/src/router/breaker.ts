/**
 * Circuit breaker of one provider: pure, one function per thing that can happen, time given.
 *
 *     closed ── failures ≥ half of the recent, at least five ──▶ open ── after `openMs` ──▶ half_open
 *        ▲                                                       ▲                            │
 *        └───────────────────── the probe answered ──────────────┼────────────────────────────┤
 *                                                                └──── the probe failed ──────┘
 */
export type CircuitState = 'closed' | 'open' | 'half_open';

export interface BreakerOptions {
  /** Results looked at: the newest this many … @default 20 */
  readonly size: number;
  /** … of the last this many ms. @default 30,000 */
  readonly windowMs: number;
  /** Failures from which it may open. @default 5 */
  readonly failures: number;
  /** Share of failures from which it opens. @default 0.5 */
  readonly share: number;
  /** How long nobody is asked. @default 30,000 ms */
  readonly openMs: number;
}

export const breakerDefaults: BreakerOptions = { size: 20, windowMs: 30_000, failures: 5, share: 0.5, openMs: 30_000 };

export interface Breaker {
  readonly state: CircuitState;
  readonly recent: readonly { readonly at: number; readonly ok: boolean }[];
  /** When it opened; while half open, when the probe was let through. */
  readonly since: number;
}

export const closedBreaker: Breaker = Object.freeze({ state: 'closed', recent: Object.freeze([]), since: 0 });

/** May it be asked now? While half open there is one probe at a time; one that never reports is given up after `openMs`. */
export function mayAsk(breaker: Breaker, now: number, { openMs }: BreakerOptions): boolean {
  return breaker.state === 'closed' || now - breaker.since >= openMs;
}

/** It is asked: an open circuit becomes half open, and this is its probe. */
export const asked = (breaker: Breaker, now: number): Breaker =>
  breaker.state === 'closed' ? breaker : { state: 'half_open', recent: breaker.recent, since: now };

/** The app called it off before anything was known: a probe makes room for the next. */
export const released = (breaker: Breaker): Breaker =>
  breaker.state === 'half_open' ? { ...breaker, since: Number.NEGATIVE_INFINITY } : breaker;

/** What came of asking. */
export function heard(breaker: Breaker, ok: boolean, now: number, options: BreakerOptions): Breaker {
  if (breaker.state === 'half_open') return ok ? closedBreaker : { state: 'open', recent: [], since: now };
  // A late answer to what was asked before it opened says nothing new.
  if (breaker.state === 'open') return breaker;
  const recent = [...breaker.recent, { at: now, ok }]
    .slice(-options.size)
    .filter(({ at }) => now - at < options.windowMs);
  const failed = recent.filter((result) => !result.ok).length;
  const isBroken = !ok && failed >= options.failures && failed >= options.share * recent.length;
  return isBroken ? { state: 'open', recent, since: now } : { state: 'closed', recent, since: breaker.since };
}
