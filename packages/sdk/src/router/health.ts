/** What is known of the providers: their circuits and rate limits. One per process, shared by its routers. */
import { type Clock, guard, systemClock } from '../telemetry.ts';
import {
  asked,
  type Breaker,
  type BreakerOptions,
  breakerDefaults,
  type CircuitState,
  closedBreaker,
  heard,
  mayAsk,
  released,
} from './breaker.ts';
import { type Bucket, blocked, filled, fullBucket, isNear, type ReadHeader, taken } from './bucket.ts';
import type { Availability } from './place.ts';

export interface CircuitChange {
  readonly provider: string;
  readonly state: CircuitState;
  /** Of the results looked at. */
  readonly failures: number;
  readonly results: number;
}

export interface HealthOptions {
  readonly breaker?: Partial<BreakerOptions>;
  readonly clock?: Clock;
}

/** Providers remembered; names come from the route table, so there are few. */
const maxProviders = 1_000;

/** How an attempt went, as far as it says something of the provider: `none` when the app called it off or the request was wrong. */
export type Report = 'ok' | 'failed' | 'none';

export class Health {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #providers = new Map<string, { breaker: Breaker; bucket: Bucket }>();
  readonly #listeners = new Set<(change: CircuitChange) => void>();

  constructor({ breaker, clock = systemClock }: HealthOptions = {}) {
    this.#options = { ...breakerDefaults, ...breaker };
    this.#clock = clock;
  }

  onChange(listener: (change: CircuitChange) => void): void {
    this.#listeners.add(listener);
  }

  availability(provider: string): Availability {
    const known = this.#providers.get(provider);
    if (!known) return 'ok';
    const now = this.#clock();
    if (!mayAsk(known.breaker, now, this.#options)) return 'circuit_open';
    return isNear(known.bucket, now) ? 'rate_limit' : 'ok';
  }

  /** A request is about to be sent. */
  asks(provider: string): void {
    const known = this.#of(provider);
    const now = this.#clock();
    if (mayAsk(known.breaker, now, this.#options)) this.#become(provider, known, asked(known.breaker, now));
    known.bucket = taken(known.bucket);
  }

  /** The request has been answered, or failed. */
  hears(provider: string, report: Report): void {
    const known = this.#of(provider);
    this.#become(
      provider,
      known,
      report === 'none' ? released(known.breaker) : heard(known.breaker, report === 'ok', this.#clock(), this.#options),
    );
  }

  /** What the answer's headers say of the rate limit. */
  reads(provider: string, header: ReadHeader): void {
    const known = this.#of(provider);
    known.bucket = filled(known.bucket, header, this.#clock());
  }

  /** After a 429: not before that many ms are over. */
  blocks(provider: string, waitMs: number): void {
    const known = this.#of(provider);
    known.bucket = blocked(known.bucket, this.#clock() + waitMs);
  }

  states(): Readonly<Record<string, CircuitState>> {
    return Object.fromEntries([...this.#providers].map(([provider, { breaker }]) => [provider, breaker.state]));
  }

  #of(provider: string): { breaker: Breaker; bucket: Bucket } {
    const known = this.#providers.get(provider);
    if (known) return known;
    const fresh = { breaker: closedBreaker, bucket: fullBucket };
    if (this.#providers.size < maxProviders) this.#providers.set(provider, fresh);
    return fresh;
  }

  #become(provider: string, known: { breaker: Breaker }, next: Breaker): void {
    const { state } = known.breaker;
    known.breaker = next;
    if (next.state === state) return;
    const failures = next.recent.filter(({ ok }) => !ok).length;
    const change = { provider, state: next.state, failures, results: next.recent.length };
    for (const listener of this.#listeners) guard(() => listener(change));
  }
}
