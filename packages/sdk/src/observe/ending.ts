/** How an inference came to its end, and what that is called on its span. */
import type { Ending, Outcome, StreamOutcome } from '@routescope/conventions';
import { guard } from '../telemetry.ts';
import { isWord } from './facts.ts';

const outcomes: Readonly<Record<Ending, Outcome>> = {
  complete: 'accepted',
  break: 'canceled',
  aborted: 'canceled',
  failed: 'failed',
  failed_midway: 'failed',
  never_awaited: 'canceled',
  never_read: 'canceled',
  abandoned: 'canceled',
  raw: 'accepted',
};

const streamOutcomes: Readonly<Record<Ending, StreamOutcome>> = {
  complete: 'complete',
  break: 'cancelled',
  aborted: 'cancelled',
  failed: 'error',
  failed_midway: 'error',
  never_awaited: 'abandoned',
  never_read: 'abandoned',
  abandoned: 'abandoned',
  raw: 'abandoned',
};

export const outcomeOf = (ending: Ending): Outcome => outcomes[ending];
export const streamOutcomeOf = (ending: Ending): StreamOutcome => streamOutcomes[ending];

type SdkError = 'timeout' | 'connection_error' | 'cancelled';

/** The SDKs' own errors, by their classes, and by what they say where a bundler has renamed those. */
const sdkErrors: ReadonlyMap<unknown, SdkError> = new Map([
  ['APIConnectionTimeoutError', 'timeout'],
  ['Request timed out.', 'timeout'],
  ['APIConnectionError', 'connection_error'],
  ['Connection error.', 'connection_error'],
  ['APIUserAbortError', 'cancelled'],
  ['Request was aborted.', 'cancelled'],
]);

/** Which of the SDKs' own errors it is. */
export const sdkErrorOf = (error: unknown): SdkError | undefined =>
  sdkErrors.get(className(error)) ?? guard(() => sdkErrors.get((error as { message?: unknown } | null)?.message));

/** Of low cardinality: the provider's code or type, else the HTTP status, else the class. */
export function errorType(error: unknown): string {
  const { code, type, status } = (error ?? {}) as { code?: unknown; type?: unknown; status?: unknown };
  for (const name of [code, type]) if (isWord(name)) return name;
  if (typeof status === 'number') return String(status);
  return sdkErrorOf(error) ?? className(error) ?? '_OTHER';
}

/** What an error's class is called; undefined where that is no name, or nobody may ask. */
export function className(error: unknown): string | undefined {
  const name = guard(() => (error as object | null)?.constructor?.name);
  return isWord(name) ? name : undefined;
}

/** Did the app itself call it off? */
export function isAbort(error: unknown): boolean {
  const { name } = (error ?? {}) as { name?: unknown };
  return name === 'AbortError' || sdkErrorOf(error) === 'cancelled';
}
