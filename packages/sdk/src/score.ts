/**
 * Verdicts that come after the call: evaluations, feedback, what a human saw and overrode. Sent to the sidecar, which
 * keeps one whose call it does not know yet until the call arrives.
 */
import { scoreNames } from '@routescope/conventions';
import { emitEvaluation } from './evaluation.ts';
import type { CallRef } from './router/call.ts';
import { defaultEndpoint, knownSidecar, post } from './sidecar.ts';
import { type Clock, guard, systemClock } from './telemetry.ts';

export interface Score {
  /** The rubric: `helpful`, `faithful`; `human_override` (value 1) when a human replaced what they saw. */
  readonly name: string;
  readonly value?: number | boolean;
  readonly label?: string;
  /** Who or what judged. Scoring again by the same one replaces. */
  readonly by?: string;
  readonly explanation?: string;
  /**
   * Tells several scores of one name by one scorer apart (feedback of two users), and makes sending one again harmless.
   * With the same id it is the same score.
   */
  readonly id?: string;
  /** What a human wrote instead. Content: it stays here unless `sendCorrection` is set. */
  readonly correction?: string;
}

export interface ScoreOptions {
  /** @default the sidecar of `start()`, else http://127.0.0.1:4318 */
  readonly endpoint?: string;
  /** Bearer token of the sidecar, if it asks for one. @default that of `start()`, for its own sidecar */
  readonly token?: string;
  /** Let the correction leave the process. @default false */
  readonly sendCorrection?: boolean;
  /** Epoch ms; for simulations. @default the system's */
  readonly clock?: Clock;
}

/**
 * Records a verdict on a routed call: late, early (before its span has arrived), or again.
 * @param call what `route()` returned with the answer, or its id (the call span's, 16 hex digits) alone.
 * @returns whether the sidecar took it. Never rejects: a failure is counted, and the app goes on.
 */
export function score(call: CallRef | string, verdict: Score, options: ScoreOptions = {}): Promise<boolean> {
  const { endpoint = defaultEndpoint(), token, sendCorrection = false, clock = systemClock } = options;
  const { correction, ...plain } = verdict;
  const { environment, service } = knownSidecar() ?? {};
  const named = typeof call === 'string' ? { id: call } : call;
  const sent = {
    call: { ...named, ...(environment && { environment }), ...(service && { service }) },
    ...plain,
    ...(sendCorrection && correction !== undefined && { correction }),
    at: clock(),
  };
  guard(() => emitEvaluation(sent));
  return post('/v1/scores', { scores: [sent] }, { endpoint, token });
}

/** A human saw the output of this call: it counts in the human-override rate. */
export const shown = (call: CallRef | string, options: ScoreOptions = {}): Promise<boolean> =>
  score(call, { name: scoreNames.shown, value: 1, by: 'app' }, options);
