/** The route table: per tag the documented choice. Checked whole at start, frozen, versioned by its content. */
import { createHash } from 'node:crypto';
import { type Catcher, catchers } from '@routescope/conventions';
import type { Validator } from './validate.ts';

/** What the router tells the code that makes the request. */
export interface TryOptions {
  readonly model: string;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Which try of the call this is, from 1. */
  readonly attempt: number;
}

/** Makes the request of one attempt. What it returns is the answer; what it throws is the failure. */
// biome-ignore lint/suspicious/noExplicitAny: each route has an input and an answer of its own.
export type Via = (input: any, options: TryOptions) => unknown;

export interface Tier {
  /** Names the place in the route: `small`, `frontier`. */
  readonly name: string;
  readonly model: string;
  readonly via: Via;
  readonly maxTokens?: number;
  readonly temperature?: number;
}

export interface Route {
  /** The documented reason for the choice. */
  readonly why: string;
  /** What catches a wrong answer, if anything does. */
  readonly caughtBy: Catcher;
  /** Cheapest first; a failure or a rejected answer goes to the next. */
  readonly tiers: readonly Tier[];
  readonly validate?: Validator | undefined;
  /** The model that would serve everything without routing. */
  readonly baseline?: string;
}

export interface RouteTable<T extends Readonly<Record<string, Route>> = Readonly<Record<string, Route>>> {
  /** Content hash, or the name given. */
  readonly version: string;
  readonly routes: T;
}

export interface RoutesOptions {
  /** Names the table instead of its content hash. */
  readonly version?: string;
}

/**
 * Checks a route table and freezes it.
 * @throws Error that lists everything that is wrong with it, in sentences.
 */
export function routes<const T extends Readonly<Record<string, Route>>>(
  table: T,
  options: RoutesOptions = {},
): RouteTable<T> {
  const problems: string[] = [];
  if (Object.keys(table).length === 0) problems.push('the table has no tags');
  for (const [tag, route] of Object.entries(table)) {
    const say = (problem: string): void => void problems.push(`${JSON.stringify(tag)}: ${problem}`);
    if (tag === '') say('a tag needs a name');
    if (!route.why) say('`why` is missing: write down why this job is routed so');
    if (!catchers.includes(route.caughtBy))
      say(`\`caughtBy\` is ${JSON.stringify(route.caughtBy)}, expected one of ${catchers.join(', ')}`);
    if (!Array.isArray(route.tiers) || route.tiers.length === 0) say('it has no tiers');
    const names = new Set<string>();
    for (const [rank, tier] of (route.tiers ?? []).entries()) {
      const place = `tier ${rank}`;
      if (!tier.name) say(`${place} has no name`);
      if (names.has(tier.name)) say(`two tiers are called ${JSON.stringify(tier.name)}`);
      names.add(tier.name);
      if (!tier.model) say(`${place} has no model`);
      if (typeof tier.via !== 'function')
        say(`${place} has no \`via\`: openaiChat(client), anthropicMessages(client) or a function of your own`);
      if (tier.maxTokens !== undefined && !(Number.isInteger(tier.maxTokens) && tier.maxTokens > 0))
        say(`${place} has maxTokens ${tier.maxTokens}, expected a whole number above 0`);
      if (tier.temperature !== undefined && !(tier.temperature >= 0))
        say(`${place} has temperature ${tier.temperature}, expected a number from 0`);
    }
  }
  if (problems.length > 0) throw new Error(`the route table is wrong: ${problems.join('; ')}`);
  const frozen = Object.fromEntries(
    Object.entries(table).map(([tag, route]) => [
      tag,
      Object.freeze({ ...route, tiers: Object.freeze(route.tiers.map((tier) => Object.freeze({ ...tier }))) }),
    ]),
  );
  return Object.freeze({ version: options.version ?? contentHash(table), routes: Object.freeze(frozen) as T });
}

/** The same table has the same version in every process: keys in order, functions and schemas by what can be said of them. */
function contentHash(table: Readonly<Record<string, Route>>): string {
  const plain = (value: unknown): unknown => {
    if (value instanceof RegExp) return String(value);
    if (typeof value === 'function') return `function ${value.name}`;
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    const standard = (value as { '~standard'?: { vendor?: string } })['~standard'];
    if (standard) return `schema ${standard.vendor}`;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, plain(inner)]),
    );
  };
  return createHash('sha256')
    .update(JSON.stringify(plain(table)))
    .digest('hex')
    .slice(0, 12);
}
