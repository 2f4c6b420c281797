/**
 * Token bucket of one provider as its rate-limit headers describe it, so that a call can go elsewhere before a 429.
 * Between two answers it is refilled as the provider does, evenly until its reset. Pure, time given.
 */
interface Level {
  readonly limit: number | undefined;
  readonly remaining: number;
  /** Epoch ms when it is full again. */
  readonly resetAt: number;
  /** Epoch ms of the answer that said so. */
  readonly at: number;
}

export interface Bucket {
  /** By what is limited: `requests`, `tokens`, `input-tokens`, `output-tokens`. */
  readonly levels: Readonly<Record<string, Level>>;
  /** After a 429: not before then, epoch ms. */
  readonly blockedUntil: number;
}

export const fullBucket: Bucket = Object.freeze({ levels: Object.freeze({}), blockedUntil: 0 });

/** Share of the limit that is left untouched. */
const reserve = 0.05;

/** Is a request about to meet a 429? */
export function isNear(bucket: Bucket, now: number): boolean {
  if (now < bucket.blockedUntil) return true;
  for (const name in bucket.levels) {
    const level = bucket.levels[name] as Level;
    const least = level.limit === undefined ? 1 : Math.max(1, level.limit * reserve);
    if (leftAt(level, now) < least) return true;
  }
  return false;
}

function leftAt({ limit, remaining, resetAt, at }: Level, now: number): number {
  if (now >= resetAt) return limit ?? Number.POSITIVE_INFINITY;
  if (limit === undefined || resetAt <= at) return remaining;
  return remaining + ((limit - remaining) * Math.max(0, now - at)) / (resetAt - at);
}

/** One request is sent: it counts before the provider says so, so that a burst is seen. */
export function taken(bucket: Bucket): Bucket {
  const requests = bucket.levels['requests'];
  if (!requests) return bucket;
  const left = { ...requests, remaining: Math.max(0, requests.remaining - 1) };
  return { ...bucket, levels: { ...bucket.levels, requests: left } };
}

export type ReadHeader = (name: string) => string | undefined;

const openaiKinds = ['requests', 'tokens'] as const;
const anthropicKinds = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;

/**
 * What an answer's headers say: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` (reset as a length of time,
 * `1s`, `6m0s`, `20ms`) or `anthropic-ratelimit-{…}-{limit,remaining,reset}` (reset as a time).
 */
export function filled(bucket: Bucket, header: ReadHeader, now: number): Bucket {
  const levels: Record<string, Level> = { ...bucket.levels };
  const enter = (kind: string, limit: string | undefined, remaining: string | undefined, resetAt: number): void => {
    const left = count(remaining);
    if (left !== undefined) levels[kind] = { limit: count(limit), remaining: left, resetAt, at: now };
  };
  for (const kind of openaiKinds) {
    const reset = durationMs(header(`x-ratelimit-reset-${kind}`));
    enter(
      kind,
      header(`x-ratelimit-limit-${kind}`),
      header(`x-ratelimit-remaining-${kind}`),
      now + (reset ?? defaultResetMs),
    );
  }
  for (const kind of anthropicKinds) {
    const reset = Date.parse(header(`anthropic-ratelimit-${kind}-reset`) ?? '');
    enter(
      kind,
      header(`anthropic-ratelimit-${kind}-limit`),
      header(`anthropic-ratelimit-${kind}-remaining`),
      Number.isNaN(reset) ? now + defaultResetMs : reset,
    );
  }
  return { levels, blockedUntil: bucket.blockedUntil };
}

/** The provider said 429: nobody asks before it allows. */
export const blocked = (bucket: Bucket, until: number): Bucket => ({
  ...bucket,
  blockedUntil: Math.max(bucket.blockedUntil, until),
});

/** Limits are by the minute where nothing else is said. */
const defaultResetMs = 60_000;

const count = (text: string | undefined): number | undefined => {
  const value = Number(text ?? Number.NaN);
  return text?.trim() && Number.isFinite(value) && value >= 0 ? value : undefined;
};

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `6m0s`, `1.5s`, `20ms`; a plain number is seconds. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    ms += Number(value) * (unitMs[unit as string] as number);
  return ms;
}
