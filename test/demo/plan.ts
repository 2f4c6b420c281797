/** What happens in the demo's days, call by call: decided before, from fixed rates and a seeded order, so that every run is the same. */
import { type Api, type Fixture, loadFixtures, ownFixtures, type Traffic } from '../provider/fixtures.ts';
import type { Play } from '../provider/server.ts';
import { answers, steps, type Tag } from './assistant.ts';

export const days = 6;
const dayMs = 86_400_000;

/** Share of first answers that the validator rejects; one job's cheap model gets worse for the last half of the time. */
const rejected: Readonly<Record<Tag, number>> = {
  'classify-intent': 0.02,
  'rewrite-query': 0.02,
  'rerank-candidates': 0.01,
  'synthesize-answer': 0,
  'critique-draft': 0.03,
  'next-step': 0.02,
};
export const driftingTag: Tag = 'rewrite-query';
const driftedRate = 0.08;

/** Share of calls whose provider fails once (a retry helps), twice (the next tier has to). */
const failsOnce = 0.02;
const failsTwice = 0.01;
/** Share of streamed answers that the user stops reading. */
const canceled = 0.05;
const overridden = 0.04;

export interface PlannedCall {
  readonly id: string;
  readonly tag: Tag;
  readonly plays: readonly Play[];
  readonly isStream: boolean;
  /** The app stops reading after this many events. */
  readonly stopAfter: number | undefined;
  readonly fallback: boolean;
  readonly failover: boolean;
  readonly override: boolean;
  /** An eval of this call, 0 to 1. */
  readonly score: number | undefined;
}

export interface PlannedSession {
  readonly id: string;
  /** Epoch ms. */
  readonly startsAt: number;
  readonly calls: readonly PlannedCall[];
}

/** Which API serves a job's tiers, in order. */
const apis: Readonly<Record<Tag, readonly Api[]>> = {
  'classify-intent': ['anthropic', 'openai'],
  'rewrite-query': ['openai', 'anthropic'],
  'rerank-candidates': ['openai', 'anthropic', 'openai'],
  'synthesize-answer': ['anthropic', 'openai'],
  'critique-draft': ['anthropic', 'anthropic'],
  'next-step': ['openai', 'openai'],
};

/** Evenly spread hits at a rate: exact counts, whatever the length. */
class Spread {
  readonly #sums = new Map<string, number>();

  hit(name: string, rate: number): boolean {
    const before = this.#sums.get(name) ?? 0.5;
    const after = before + rate;
    this.#sums.set(name, after);
    return Math.floor(after) > Math.floor(before);
  }
}

/** Sessions from which on the drift is long enough to be told from chance. */
export const sessionsForAlert = 600;

/**
 * @param end epoch ms at which the last session is over.
 * @param fixtures what is played; the project's own recordings stand in for a kind that is not among them.
 */
export function plan(
  sessions: number,
  end: number,
  fixtures: readonly Fixture[],
  traffic: readonly Traffic[],
): PlannedSession[] {
  const spread = new Spread();
  const pick = (api: Api, isStream: boolean): Fixture => {
    const ofKind = (each: readonly Fixture[]): Fixture[] =>
      each.filter((fixture) => fixture.api === api && fixture.isStream === isStream);
    const given = ofKind(fixtures);
    const fitting = given.length > 0 ? given : ofKind(loadFixtures(ownFixtures).fixtures);
    // Text is put into the recording, so one that has text where it is put is wanted; the smallest is the quickest.
    const [smallest] = fitting.sort(
      (a, b) =>
        a.payloads.length - b.payloads.length || JSON.stringify(a.payloads).length - JSON.stringify(b.payloads).length,
    );
    return smallest as Fixture;
  };
  const whole = { openai: pick('openai', false), anthropic: pick('anthropic', false) };
  const streamed = { openai: pick('openai', true), anthropic: pick('anthropic', true) };
  let counted = 0;
  const usage = (): { input: number; output: number } => {
    const { contextTokens, generatedTokens } = traffic[counted++ % traffic.length] as Traffic;
    return { input: contextTokens, output: generatedTokens };
  };

  return Array.from({ length: sessions }, (_, session) => {
    const isLate = session >= sessions / 2;
    const startsAt = end - days * dayMs + ((session + 0.5) / sessions) * (days * dayMs - 600_000);
    const calls = steps.map((tag, step): PlannedCall => {
      const [first, second] = apis[tag] as [Api, Api];
      const isStream = tag === 'synthesize-answer';
      const answer = (api: Api, text: string): Play => ({
        fixture: (isStream ? streamed : whole)[api],
        usage: usage(),
        modelAsRequested: true,
        text,
      });
      const failing: Play = {
        fixture: whole[first],
        ...(session % 2 ? { status: 500 as const } : { status: 429 as const, retryAfterSeconds: 2 }),
      };
      const rate = tag === driftingTag && isLate ? driftedRate : rejected[tag];
      const fallback = spread.hit(`rejected ${tag} ${isLate}`, rate);
      const failover = !fallback && spread.hit(`twice ${tag}`, failsTwice);
      const retry = !fallback && !failover && spread.hit(`once ${tag}`, failsOnce);
      const stops = isStream && !failover && spread.hit('canceled', canceled);
      const stopAfter = stops ? 3 : undefined;
      const { good, bad } = answers[tag];
      const plays: Play[] = [];
      if (failover)
        plays.push(failing, session % 3 ? failing : { fixture: whole[first], drop: true }, answer(second, good));
      else if (fallback) plays.push(answer(first, bad), answer(second, good));
      else if (retry) plays.push(failing, answer(first, good));
      else plays.push({ ...answer(first, good), ...(stopAfter !== undefined && { stallAfter: stopAfter }) });
      return {
        id: `${session}-${step}`,
        tag,
        plays,
        isStream,
        stopAfter: retry ? undefined : stopAfter,
        fallback,
        failover,
        override: isStream && spread.hit('override', overridden),
        score: spread.hit(`score ${tag}`, 0.1) ? 0.7 + 0.25 * ((session * 7 + step) % 10) * 0.1 : undefined,
      };
    });
    return { id: `session-${session}`, startsAt, calls };
  });
}
