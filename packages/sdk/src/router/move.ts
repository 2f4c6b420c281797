/** What happens after an attempt: the whole retry, failover and fallback policy, pure and total. */
import type { Outcome } from '@routescope/conventions';

export type Move = 'stop' | 'retry' | 'failover' | 'fallback';

export interface Situation {
  readonly outcome: Outcome;
  /** A failure that may pass by itself: connection, timeout, 408, 409, 429, 5xx. */
  readonly isRetryable: boolean;
  /** Retries left at this tier. */
  readonly retriesLeft: number;
  /** Tiers above this one. */
  readonly tiersLeft: number;
}

/** A failure is retried at the same model, then goes to the next tier; a rejected answer goes there at once. */
export function nextMove({ outcome, isRetryable, retriesLeft, tiersLeft }: Situation): Move {
  if (outcome === 'accepted' || outcome === 'canceled') return 'stop';
  if (outcome === 'failed' && isRetryable && retriesLeft > 0) return 'retry';
  if (tiersLeft === 0) return 'stop';
  return outcome === 'failed' ? 'failover' : 'fallback';
}
