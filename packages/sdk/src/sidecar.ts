/** The sidecar as the place for what is no span: scores and events. Known once `start()` or the app names it. */
import { countFailure } from './telemetry.ts';

export interface SidecarIdentity {
  readonly endpoint: string;
  /** Bearer token it asks for; sent to it alone. */
  readonly token?: string | undefined;
  /** Of this process, as its spans say: scores and events stand beside them. */
  readonly service?: string | undefined;
  readonly environment?: string | undefined;
  /** How long it may be silent before nobody waits for it. */
  readonly patienceMs?: number | undefined;
}

export const usualEndpoint = 'http://127.0.0.1:4318';
let identity: SidecarIdentity | undefined;

/** Set by `start()`. */
export function setSidecar(known: SidecarIdentity): void {
  identity = known;
}

/** Undefined while nobody has said where it is. */
export const knownSidecar = (): SidecarIdentity | undefined => identity;

export const defaultEndpoint = (): string => identity?.endpoint ?? usualEndpoint;

/** The header of a request to a sidecar that asks for its token. */
export const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** When a try to reach the sidecar last failed, by performance.now(). */
let silentAt = Number.NEGATIVE_INFINITY;
/** ms in which a sidecar that has just been silent is not asked once more, where an app would wait for it. */
const aMoment = 1_000;

/** A try was not answered. */
export const noteSilence = (): void => {
  silentAt = performance.now();
};

export const hasJustBeenSilent = (): boolean => performance.now() - silentAt < aMoment;

const tries = 3;
/** ms for one try */
const timeoutMs = 5_000;

interface PostOptions {
  readonly endpoint?: string | undefined;
  /** Bearer token. @default that of the sidecar known, when it is the one that is sent to */
  readonly token?: string | undefined;
  /** For all tries together. @default 15,000 and the pauses between them */
  readonly withinMs?: number | undefined;
}

/**
 * Sends JSON; a sidecar that is busy or away is asked again, one that refuses is not.
 * @returns whether it took it. Never rejects: a failure is counted, and the app goes on.
 */
export async function post(path: string, body: object, options: PostOptions = {}): Promise<boolean> {
  const { endpoint = defaultEndpoint(), withinMs = Number.POSITIVE_INFINITY } = options;
  const { token = endpoint === identity?.endpoint ? identity.token : undefined } = options;
  const until = performance.now() + withinMs;
  const left = (): number => until - performance.now();
  let text: string;
  try {
    text = JSON.stringify(body);
  } catch {
    countFailure();
    return false;
  }
  for (let attempt = 1; attempt <= tries; attempt++) {
    try {
      const answer = await fetch(new URL(path, endpoint), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(token) },
        body: text,
        signal: AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(timeoutMs, left())))),
      });
      await answer.arrayBuffer();
      if (answer.ok) return true;
      if (answer.status !== 503 && answer.status !== 429) break;
    } catch {
      // Not reached, or too slow: worth another try.
      if (endpoint === identity?.endpoint) noteSilence();
    }
    const pause = 200 * 2 ** attempt;
    if (attempt === tries || pause > left()) break;
    await new Promise((again) => setTimeout(again, pause));
  }
  countFailure();
  return false;
}
