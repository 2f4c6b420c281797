/** What a failed attempt died of, and whether and when it is worth another try. */
import type { ProviderCause } from '@routescope/conventions';
import { className, sdkErrorOf } from '../observe/ending.ts';
import type { ReadHeader } from './bucket.ts';

const longestWaitMs = 60_000;

const statusOf = (error: unknown): number | undefined => {
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' ? status : undefined;
};

function isTimeout(error: unknown): boolean {
  const { name } = (error ?? {}) as { name?: unknown };
  return name === 'TimeoutError' || sdkErrorOf(error) === 'timeout';
}

function isConnection(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const nodeCode = code ?? cause?.code;
  const isNetwork = typeof nodeCode === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(nodeCode);
  const isTerminated = error instanceof TypeError && /terminated|fetch failed/.test(error.message);
  const isOfSdk = sdkErrorOf(error) === 'connection_error' || sdkErrorOf(error) === 'timeout';
  return isOfSdk || className(error) === 'FetchError' || isNetwork || isTerminated;
}

/** The provider's failure, or the network's; anything else is the app's own error, and no other model will mend it. */
export const isProviderFailure = (error: unknown): boolean =>
  statusOf(error) !== undefined || isTimeout(error) || isConnection(error);

export function isRetryable(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return isTimeout(error) || isConnection(error);
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

export function causeOf(error: unknown): ProviderCause {
  if (statusOf(error) === 429) return 'rate_limited';
  return isTimeout(error) ? 'timeout' : 'provider_error';
}

/**
 * How long to wait before the retry, in ms: what the provider asks for (`retry-after-ms`, `retry-after` in seconds or
 * as a date), at most a minute; else half a second with full jitter.
 */
export function waitMs(error: unknown, random: () => number, now: number): number {
  const asked = retryAfterMs(error, now);
  return asked === undefined ? random() * 500 : Math.min(Math.max(asked, 0), longestWaitMs);
}

/** Reads the headers of the answer that failed, in either form the SDKs keep them. */
export function headerOf(error: unknown): ReadHeader {
  const { headers } = (error ?? {}) as { headers?: unknown };
  return (name) => {
    if (headers instanceof Headers) return headers.get(name) ?? undefined;
    const value = (headers as Record<string, unknown> | undefined)?.[name];
    return typeof value === 'string' ? value : undefined;
  };
}

function retryAfterMs(error: unknown, now: number): number | undefined {
  const header = headerOf(error);
  const inMs = Number(header('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(inMs)) return inMs;
  const after = header('retry-after');
  if (after === undefined) return undefined;
  if (Number.isFinite(Number(after))) return Number(after) * 1000;
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : date - now;
}
