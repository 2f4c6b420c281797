/** Verdicts that come after the call: evaluations, feedback, what a human saw and overrode. Sent to the sidecar. */
import { scoreNames } from '@routescope/conventions';
import type { CallRef } from './router/call.ts';
import { type Clock, countFailure, systemClock } from './telemetry.ts';

export interface Score {
  /** The rubric: `helpful`, `faithful`; `human_override` (value 1) when a human replaced what they saw. */
  readonly name: string;
  readonly value?: number | boolean;
  readonly label?: string;
  /** Who or what judged. Scoring again by the same one replaces. */
  readonly by?: string;
  readonly explanation?: string;
}

export interface ScoreOptions {
  /** @default the sidecar of `start()`, else http://127.0.0.1:4318 */
  readonly endpoint?: string;
  /** Epoch ms; for simulations. @default the system's */
  readonly clock?: Clock;
}

let processEndpoint = 'http://127.0.0.1:4318';

/** Where scores go when nothing else is said. Set by `start({ endpoint })`. */
export function setDefaultEndpoint(endpoint: string): void {
  processEndpoint = endpoint;
}

const tries = 3;
const timeoutMs = 5_000;

/**
 * Records a verdict on a routed call.
 * @returns whether the sidecar took it. Never rejects: a failure is counted, and the app goes on.
 */
export async function score(call: CallRef, verdict: Score, options: ScoreOptions = {}): Promise<boolean> {
  const { endpoint = processEndpoint, clock = systemClock } = options;
  const body = JSON.stringify({ scores: [{ call, ...verdict, at: clock() }] });
  for (let attempt = 1; attempt <= tries; attempt++) {
    try {
      const answer = await fetch(new URL('/v1/scores', endpoint), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.arrayBuffer();
      if (answer.ok) return true;
      if (answer.status !== 503 && answer.status !== 429) break;
    } catch {
      // not reached, or too slow: worth another try
    }
    if (attempt < tries) await new Promise((again) => setTimeout(again, 200 * 2 ** attempt));
  }
  countFailure();
  return false;
}

/** A human saw the output of this call: it counts in the human-override rate. */
export const shown = (call: CallRef, options: ScoreOptions = {}): Promise<boolean> =>
  score(call, { name: scoreNames.shown, value: 1, by: 'app' }, options);
