/**
 * Which arm of an experiment a user is on. It depends on the experiment's name, the arms' names and shares, and the
 * user's id, on nothing else: not on the order in which anything is written, the process, or the release.
 */
import { createHash } from 'node:crypto';

export interface ArmShare {
  readonly name: string;
  /** Relative to the other arms' shares. */
  readonly share: number;
}

/**
 * Weighted rendezvous hashing: each arm draws from (0, 1) by hash, and the smallest −ln(u) ÷ share wins. When a share
 * grows, users only move to that arm; the others stay where they are.
 */
export function armOf<Arm extends ArmShare>(experiment: string, arms: readonly Arm[], userId: string): Arm | undefined {
  let best: Arm | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const arm of arms) {
    if (!(arm.share > 0)) continue;
    const drawn = -Math.log(uniform(`${experiment}\n${arm.name}\n${userId}`)) / arm.share;
    if (drawn < least || (drawn === least && best !== undefined && arm.name < best.name)) {
      best = arm;
      least = drawn;
    }
  }
  return best;
}

/** 48 bits of SHA-256 as a number in (0, 1). */
const uniform = (text: string): number => (createHash('sha256').update(text).digest().readUIntBE(0, 6) + 0.5) / 2 ** 48;
