/** The route table: per tag the documented choice. Checked whole at start, frozen, versioned by its content. */
import type { Catcher } from '@routescope/conventions';
import { tableProblems } from './check.ts';
import { plainTable, versionOf } from './plain.ts';
import type { RoutePolicy } from './policy/policy.ts';
import type { NamedValidator, Validator } from './validate.ts';

/** What the router tells the code that makes the request. */
export interface TryOptions {
  readonly model: string;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  /** Aborts when the app does, and when the attempt's time is up. */
  readonly signal: AbortSignal | undefined;
  /** Which try of the call this is, from 1. */
  readonly attempt: number;
  /** The tier wants log probabilities with the answer. */
  readonly logprobs?: boolean;
}

/** Makes the request of one attempt. What it returns is the answer; what it throws is the failure. */
// biome-ignore lint/suspicious/noExplicitAny: each route has an input and an answer of its own.
export type Via = (input: any, options: TryOptions) => unknown;

/** One of several equivalent ways to ask a tier. */
export interface Deployment {
  /** @default the provider */
  readonly name?: string;
  readonly model: string;
  readonly via: Via;
  /** Whose circuit and rate limit it shares. @default what the adapter's client says, else the model */
  readonly provider?: string;
  /** Its share of the tier's calls, relative to the others. @default 1 */
  readonly weight?: number;
}

interface TierLimits {
  /** Names the place in the route: `small`, `frontier`. */
  readonly name: string;
  /** The most the answer may be long, also where the app asks for more. */
  readonly maxTokens?: number;
  readonly temperature?: number;
  /** No attempt of the tier is above it: not the app's wish, not a rerun. */
  readonly tempCap?: number;
  /** Until the answer, or the first chunk of a stream, is there. */
  readonly timeoutMs?: number;
  /** Ask for log probabilities, for a cascade's confidence. Not every model gives them. */
  readonly logprobs?: boolean;
}

export type Tier = TierLimits &
  (
    | (Omit<Deployment, 'name' | 'weight'> & { readonly deployments?: undefined })
    | { readonly deployments: readonly Deployment[]; readonly model?: undefined; readonly via?: undefined }
  );

export interface Rerun {
  /** @default 1 */
  readonly times?: number;
  /** Of the reruns, at most the tier's `tempCap`. @default the tier's own */
  readonly temperature?: number;
}

export interface Route {
  /** The documented reason for the choice. */
  readonly why: string;
  /** What catches a wrong answer, if anything does. */
  readonly caughtBy: Catcher;
  /** Cheapest first; a failure or a rejected answer goes to the next. */
  readonly tiers: readonly Tier[];
  /** How the tier to start at is picked. @default static, the cheapest */
  readonly policy?: RoutePolicy;
  readonly validate?: Validator | NamedValidator | undefined;
  /** A rejected answer is asked for again at the same tier before the next one. @default once, where caughtBy is `rerun` */
  readonly rerun?: Rerun;
  /** The model that would serve everything without routing. */
  readonly baseline?: string;
  /** Least score an answer must reach, 0 to 1: a check with a lower one rejects, a later score counts against the tier. */
  readonly qualityBar?: number;
  /** Retries of a failure at the same deployment. @default 1 */
  readonly retries?: number;
  /** Attempts of a call at most. @default what tiers, deployments, retries and reruns allow */
  readonly maxAttempts?: number;
  /** Of the whole call, until an answer is accepted. */
  readonly timeoutMs?: number;
}

export type Routes = Readonly<Record<string, Route>>;

export interface RouteTable<T extends Routes = Routes> {
  /** Content hash, or the name given. */
  readonly version: string;
  readonly routes: T;
  /** What is allowed and probably not meant: rules that can never match. */
  readonly warnings: readonly string[];
}

export interface RoutesOptions {
  /** Names the table instead of its content hash. */
  readonly version?: string;
}

/**
 * Checks a route table and freezes it.
 * @throws Error that lists everything that is wrong with it, in sentences.
 */
export function routes<const T extends Routes>(table: T, options: RoutesOptions = {}): RouteTable<T> {
  const { problems, warnings } = tableProblems(table);
  if (problems.length > 0) throw new Error(`the route table is wrong: ${problems.join('; ')}`);
  const frozen = Object.fromEntries(Object.entries(table).map(([tag, route]) => [tag, frozenRoute(route)]));
  const version = options.version ?? versionOf(plainTable(table));
  return Object.freeze({ version, routes: Object.freeze(frozen) as T, warnings: Object.freeze(warnings) });
}

const frozenRoute = (route: Route): Route =>
  Object.freeze({ ...route, tiers: Object.freeze(route.tiers.map((tier) => Object.freeze({ ...tier }))) });
