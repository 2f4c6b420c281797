/** What happens after an attempt: the whole retry, failover, rerun and fallback policy, pure and total. */
import type { Outcome } from '@routescope/conventions';

export type Move = 'stop' | 'retry' | 'failover' | 'rerun' | 'fallback';

export interface Situation {
  readonly outcome: Outcome;
  /** A failure that may pass by itself: connection, timeout, 408, 409, 429, 5xx. */
  readonly isRetryable: boolean;
  /** The provider asks for a longer wait than the route has patience for. */
  readonly isLongWait: boolean;
  /** Retries left at this deployment. */
  readonly retriesLeft: number;
  /** Reruns left at this tier. */
  readonly rerunsLeft: number;
  /** Deployments that may still be asked, here and above. */
  readonly placesLeft: number;
  /** Tiers above this one with a deployment that may be asked. */
  readonly tiersLeft: number;
  /** Attempts left of those the route declares. */
  readonly attemptsLeft: number;
}

/**
 * A failure is retried at the same deployment, then goes to another one, of this tier or the next. A rejected answer is
 * asked for again where the route says so, then goes to the next tier.
 */
export function nextMove(situation: Situation): Move {
  const { outcome, attemptsLeft, placesLeft } = situation;
  if (outcome === 'accepted' || outcome === 'canceled' || attemptsLeft <= 0) return 'stop';
  if (outcome === 'failed') {
    const isWorthWaiting = !situation.isLongWait || placesLeft === 0;
    if (situation.isRetryable && situation.retriesLeft > 0 && isWorthWaiting) return 'retry';
    return placesLeft > 0 ? 'failover' : 'stop';
  }
  if (situation.rerunsLeft > 0) return 'rerun';
  return situation.tiersLeft > 0 ? 'fallback' : 'stop';
}
