/** Where a call stands and where it goes next: its place, what it has tried, what it passed over, what it has left. */
import type { AttemptReason, Outcome } from '@routescope/conventions';
import type { Clock } from '../telemetry.ts';
import type { CompiledRoute, Place } from './compile.ts';
import { isRetryable, waitMs } from './failure.ts';
import type { Health } from './health.ts';
import { nextMove } from './move.ts';
import { nextPlace, type Placed, type Placement } from './place.ts';

export interface WalkOptions {
  readonly compiled: CompiledRoute;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  readonly patienceMs: number;
}

/** What follows an attempt; before a retry a wait. */
export interface Next {
  readonly move: 'stop' | 'go on';
  readonly waitMs: number | undefined;
}

export class Walk {
  readonly #options: WalkOptions;
  readonly #passed: Placement['passed'][number][] = [];
  readonly #tried = new Set<string>();
  #at: Placed = { rank: 0, index: 0 };
  #reason: AttemptReason = 'first';
  #retriesLeft: number;
  #rerunsLeft: number;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#retriesLeft = options.compiled.retries;
    this.#rerunsLeft = options.compiled.reruns;
  }

  /** Whom to ask now. */
  get place(): Place {
    return this.#placeAt(this.#at);
  }

  /** Why it is asked. */
  get reason(): AttemptReason {
    return this.#reason;
  }

  /** Deployments that were not asked, each with the reason. */
  get passed(): Placement['passed'] {
    return this.#passed;
  }

  /** As `passed`, in words. */
  notAsked(): string[] {
    const said = this.#passed.map(({ at, cause }) => {
      const { tier, model, provider } = this.#placeAt(at);
      const why =
        cause === 'circuit_open' ? `the circuit of ${provider} is open` : `the rate limit of ${provider} is near`;
      return `${tier.name} (${model}) not asked: ${why}`;
    });
    return [...new Set(said)];
  }

  /** Ms until the attempt's time is up; undefined when it has all the time it wants. */
  msLeft(): number | undefined {
    const ms = Math.min(this.place.tier.timeoutMs ?? Number.POSITIVE_INFINITY, this.#deadline - this.#options.clock());
    return ms === Number.POSITIVE_INFINITY ? undefined : ms;
  }

  /** Starts at the tier, or above it where nobody there may be asked. @returns false when nobody may. */
  start(rank: number): boolean {
    const { place, passed } = this.#find(rank);
    this.#passed.push(...passed);
    if (place) this.#at = place;
    return place !== undefined;
  }

  /** @param attempts how many there have been, this one too. */
  next(outcome: Outcome, error: unknown, attempts: number): Next {
    const stop: Next = { move: 'stop', waitMs: undefined };
    if (outcome === 'accepted' || outcome === 'canceled') return stop;
    const { health, random, clock, patienceMs, compiled } = this.#options;
    this.#tried.add(keyOf(this.#at));
    const onward = this.#onward();
    const upward = this.#find(this.#at.rank + 1);
    const wait = waitMs(error, random, clock());
    const move = nextMove({
      outcome,
      isRetryable: isRetryable(error),
      isLongWait: wait > patienceMs || clock() + wait >= this.#deadline,
      // A circuit that has just opened is for this call too.
      retriesLeft: health.availability(this.place.provider) === 'circuit_open' ? 0 : this.#retriesLeft,
      rerunsLeft: this.#rerunsLeft,
      placesLeft: Number(onward.place !== undefined),
      tiersLeft: Number(upward.place !== undefined),
      attemptsLeft: this.#deadline <= clock() ? 0 : compiled.maxAttempts - attempts,
    });
    if (move === 'stop') {
      // What could not be asked is part of the story when the chain ends here.
      this.#passed.push(...(outcome === 'failed' ? onward : upward).passed);
      return stop;
    }
    this.#reason = move;
    if (move === 'retry') this.#retriesLeft--;
    else if (move === 'rerun') this.#rerunsLeft--;
    else this.#moveTo(move === 'failover' ? onward : upward);
    return { move: 'go on', waitMs: move === 'retry' ? wait : undefined };
  }

  /** Whom to ask after a failure: from here on, else one that was passed over because its limit was near. */
  #onward(): Placement {
    const onward = this.#find(this.#at.rank);
    if (onward.place) return onward;
    const spared = this.#passed.find(
      ({ at, cause }) =>
        cause === 'rate_limit' &&
        !this.#tried.has(keyOf(at)) &&
        this.#options.health.availability(this.#placeAt(at).provider) !== 'circuit_open',
    );
    return spared ? { ...onward, place: spared.at } : onward;
  }

  #moveTo({ place, passed }: Placement): void {
    if (!place) return;
    this.#passed.push(...passed);
    if (place.rank !== this.#at.rank) this.#rerunsLeft = this.#options.compiled.reruns;
    this.#at = place;
    this.#retriesLeft = this.#options.compiled.retries;
  }

  #find(rank: number): Placement {
    const { compiled, health, random } = this.#options;
    return nextPlace(
      compiled.places,
      rank,
      (at) => this.#tried.has(keyOf(at)),
      (at) => health.availability(this.#placeAt(at).provider),
      random,
    );
  }

  #placeAt({ rank, index }: Placed): Place {
    return this.#options.compiled.places[rank]?.[index] as Place;
  }

  get #deadline(): number {
    return this.#options.startedAt + (this.#options.compiled.route.timeoutMs ?? Number.POSITIVE_INFINITY);
  }
}

const keyOf = ({ rank, index }: Placed): string => `${rank}.${index}`;
