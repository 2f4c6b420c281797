/** What a router counts of itself; few names, so that it can be shown anywhere. */
import type { Decision } from './policy/policy.ts';

export interface RouterStats {
  /** Inferences whose model, limits or answer were not what the route says. */
  readonly mismatched: number;
  /** Calls that started elsewhere because a circuit was open or a rate limit near. */
  readonly diverted: number;
  /** Answers of a classifier that were none of its words, taken as MODERATE. */
  readonly unclear: number;
  /** How often each rule decided, by tag and rule. A rule that is not here never did. */
  readonly rules: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export class Stats implements RouterStats {
  mismatched = 0;
  diverted = 0;
  unclear = 0;
  readonly rules: Record<string, Record<string, number>> = {};

  chosen(tag: string, { policy, reason }: Decision): void {
    if (policy !== 'rules' && policy !== 'hybrid') return;
    this.rules[tag] ??= {};
    const hits = this.rules[tag] as Record<string, number>;
    hits[reason] = (hits[reason] ?? 0) + 1;
  }
}
