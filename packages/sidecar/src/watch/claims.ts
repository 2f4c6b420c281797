/**
 * Who tells: of several evaluators on one store, one sends a message and the others leave it to that one.
 *
 * The store cannot lock, so whoever has news writes a claim, waits until every other evaluator's claim of the same moment
 * can be read, and reads them all: the first one is obeyed. A claim lapses, so the news of an evaluator that died between
 * claim and delivery are told by another. One that died between delivery and the row that says so is told once more: of
 * "at least once" and "at most once" it is the former, since an alarm that nobody hears of costs more than one heard
 * twice, and its `idempotency-key` is the same.
 */
import type { Ask } from '@routescope/panels';
import type { WriteEvents } from './ask.ts';

export interface Claims {
  /** The messages among `ids` that are this evaluator's to send. @param now epoch ms. */
  win(ids: readonly string[], now: number): Promise<ReadonlySet<string>>;
}

/** A claim lasts over two looks: one that is still being tried is claimed again before it lapses. */
const claimMs = 150_000;
const renewMs = 90_000;
/** What an insert needs, with much to spare, to be seen by everybody. */
const settleMs = 2_000;

/**
 * @param evaluator tells this one from the others.
 * @param write writes rows to `events`.
 */
export function claimsOf(
  evaluator: string,
  ask: Ask,
  write: WriteEvents,
  pause: (ms: number) => Promise<unknown>,
): Claims {
  async function holders(now: number): Promise<ReadonlyMap<string, { readonly by: string; readonly until: number }>> {
    const rows = (await ask(
      `SELECT text AS id, by, min(at) AS began, toUnixTimestamp(max(until)) AS ends FROM routescope.events FINAL
       WHERE kind = 'claim' AND at > toDateTime({from:UInt32}) GROUP BY id, by
       HAVING max(until) > toDateTime({now:UInt32}) ORDER BY began, by`,
      { from: Math.floor((now - 10 * claimMs) / 1_000), now: Math.floor(now / 1_000) },
    )) as { id: string; by: string; ends: number }[];
    const first = new Map<string, { by: string; until: number }>();
    for (const { id, by, ends } of rows) if (!first.has(id)) first.set(id, { by, until: Number(ends) * 1_000 });
    return first;
  }
  return {
    async win(ids, now) {
      const held = await holders(now);
      const free = ids.filter((id) => !held.has(id));
      const ending = ids.filter((id) => {
        const holder = held.get(id);
        return holder?.by === evaluator && holder.until - now < renewMs;
      });
      if (free.length + ending.length > 0)
        await write(
          [...free, ...ending].map((id) => ({
            id: `${id} by ${evaluator} at ${now}`,
            kind: 'claim',
            at: new Date(now).toISOString(),
            until: new Date(now + claimMs).toISOString(),
            by: evaluator,
            state: 'claimed',
            text: id,
          })),
        );
      if (free.length > 0) await pause(settleMs);
      const settled = free.length > 0 ? await holders(now) : held;
      return new Set(ids.filter((id) => settled.get(id)?.by === evaluator));
    },
  };
}
