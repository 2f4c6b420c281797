/** The sidecar as the place for what is no span: scores and events. Known once `start()` or the app names it. */
import { countFailure } from './telemetry.ts';

export interface SidecarIdentity {
  readonly endpoint: string;
  /** Bearer token it asks for; sent to it alone. */
  readonly token?: string | undefined;
  /** Of this process, as its spans say: scores and events stand beside them. */
  readonly service?: string | undefined;
  readonly environment?: string | undefined;
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

const tries = 3;
const timeoutMs = 5_000;

/**
 * Sends JSON; a sidecar that is busy or away is asked again, one that refuses is not.
 * @param token bearer token. @default that of the sidecar known, when it is the one that is sent to
 * @returns whether it took it. Never rejects: a failure is counted, and the app goes on.
 */
export async function post(
  path: string,
  body: object,
  endpoint = defaultEndpoint(),
  token = endpoint === identity?.endpoint ? identity.token : undefined,
): Promise<boolean> {
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
