/** The router as the app sees it: a table, and what every call of it shares. */
import type { UserPrices } from '@routescope/conventions/prices';
import { type RouterEvent, sendEvent } from '../events.ts';
import { bookOf } from '../prices.ts';
import { type Clock, guard, systemClock } from '../telemetry.ts';
import type { ChatInput } from './adapters.ts';
import { type Budget, Budgets } from './budget.ts';
import type { CallRef } from './call.ts';
import { systemTimer, type Timer } from './deadline.ts';
import { armOf } from './experiment.ts';
import { Health } from './health.ts';
import { isLive, type LiveRoutes } from './live.ts';
import type { Routes, RouteTable, TryOptions } from './routes.ts';
import { type RouteCallOptions, Run, type Shared } from './run.ts';
import { type RouterStats, Stats } from './stats.ts';
import type { StandardSchema } from './validate.ts';

/** One side of an experiment: another table, or other tiers to start at. */
export interface Arm<T extends Routes> {
  readonly name: string;
  /** Relative to the other arms' shares. */
  readonly share: number;
  /** @default the router's own */
  readonly table?: RouteTable<T>;
  /** Tag to the name of the tier that its calls start at. */
  readonly tiers?: Readonly<Partial<Record<keyof T & string, string>>>;
}

export interface Experiment<T extends Routes> {
  readonly name: string;
  readonly arms: readonly Arm<T>[];
}

export interface RouterOptions<T extends Routes = Routes> {
  /** For the baseline cost; else the process's own (`start({ prices })`). */
  readonly prices?: UserPrices;
  /** A/B of tables or tiers, sticky by `userId`. Calls without one are not part of it. */
  readonly experiment?: Experiment<T>;
  readonly budgets?: readonly Budget[];
  /** What is known of the providers, to share it between routers. @default its own */
  readonly health?: Health;
  /** A longer wait than this is not waited for where another deployment can be asked, ms. @default 10,000 */
  readonly patienceMs?: number;
  /** Beside the sidecar: tables loaded, circuits that changed, budgets spent. */
  readonly onEvent?: (event: RouterEvent) => void;
  /** Epoch ms; for simulations. @default the system's */
  readonly clock?: Clock;
  /** Waits before a retry; for simulations. Rejects when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Of time-outs; for simulations. @default setTimeout */
  readonly timer?: Timer;
  /** 0 to 1, for jitter and weights. @default Math.random */
  readonly random?: () => number;
}

export interface Routed<Answer> {
  readonly answer: Answer;
  readonly call: CallRef;
}

/** What a route's answer is: its schema's output, else the text. */
export type AnswerOf<R> = R extends { readonly validate: infer V }
  ? V extends StandardSchema<infer Output>
    ? Output
    : V extends { readonly check: StandardSchema<infer Output> }
      ? Output
      : string
  : string;

export interface Router<T extends Routes> {
  /** Of the table in use now. */
  readonly version: string;
  /**
   * Routes one request by its tag: starts where the policy says, and tries until an answer is accepted.
   * A stream is returned with its first chunk there; it is judged when it has been read, and never replaced.
   * @param input a chat for the tiers' adapters, or your own code, run once per attempt with the tier's model and limits.
   * @throws RouteError when nothing is left to try; BudgetError when a hard budget is spent; the abort error when
   *   `signal` aborts; your own code's error as it is.
   */
  route<Tag extends keyof T & string, Answer>(
    tag: Tag,
    input: (options: TryOptions) => Promise<Answer>,
    options?: RouteCallOptions,
  ): Promise<Routed<Answer>>;
  route<Tag extends keyof T & string>(
    tag: Tag,
    input: ChatInput,
    options?: RouteCallOptions,
  ): Promise<Routed<AnswerOf<T[Tag]>>>;
  /** What it has counted since it was made. */
  stats(): RouterStats;
}

/**
 * A router over a checked table, or over one that may change while it runs.
 * @throws Error that says what is wrong with the budgets or the experiment.
 */
export function createRouter<T extends Routes>(
  source: RouteTable<T> | LiveRoutes<T>,
  options: RouterOptions<T> = {},
): Router<T> {
  const { clock = systemClock, health = new Health({ clock }), experiment } = options;
  const emit = (event: Omit<RouterEvent, 'at'>): void => {
    const whole = { ...event, at: clock() };
    guard(() => sendEvent(whole));
    guard(() => options.onEvent?.(whole));
  };
  checkExperiment(experiment);
  const stats = new Stats();
  const shared: Shared = {
    clock,
    health,
    stats,
    sleep: options.sleep ?? wait,
    timer: options.timer ?? systemTimer,
    random: options.random ?? Math.random,
    patienceMs: options.patienceMs ?? 10_000,
    book: bookOf(options.prices),
    budgets:
      options.budgets &&
      new Budgets(options.budgets, clock, ({ budget, key, state, spentUsd, tag }) =>
        emit({
          kind: 'budget',
          name: budget.name,
          state,
          ...(budget.per.includes('tag') && { tag }),
          text: `${budget.name}${key && ` (${key})`}: ${spentUsd.toFixed(4)} of ${budget.usd} USD spent`,
          numbers: { spent_usd: spentUsd, limit_usd: budget.usd },
        }),
      ),
  };
  health.onChange(({ provider, state, failures, results }) =>
    emit({
      kind: 'breaker',
      name: provider,
      state,
      text: `the circuit of ${provider} is ${state.replace('_', ' ')}${state === 'open' && results > 0 ? `: ${failures} of the last ${results} requests failed` : ''}`,
      numbers: { failures, results },
    }),
  );
  const current = isLive(source) ? () => source.table : () => source;
  if (isLive(source)) source.onChange(emit);
  else emit(loaded(source));

  async function route(tag: string, input: unknown, given: RouteCallOptions = {}) {
    const { userId } = given;
    const arm = experiment && userId !== undefined ? armOf(experiment.name, experiment.arms, userId) : undefined;
    const on = experiment &&
      arm && { experiment: experiment.name, arm: arm.name, tier: arm.tiers?.[tag as keyof T & string] };
    const { answer, call } = await new Run(shared, arm?.table ?? current(), tag, input, given, on).go();
    return { answer, call };
  }

  return {
    get version() {
      return current().version;
    },
    route,
    stats: () => structuredClone({ ...stats }),
  } as Router<T>;
}

const loaded = (table: RouteTable): Omit<RouterEvent, 'at'> => ({
  kind: 'route_table',
  name: table.version,
  state: 'loaded',
  text: [`${Object.keys(table.routes).length} tags`, ...table.warnings].join('; '),
});

function checkExperiment(experiment: Experiment<Routes> | undefined): void {
  if (!experiment) return;
  const problems: string[] = [];
  const names = new Set(experiment.arms.map(({ name }) => name));
  if (!experiment.name) problems.push('it has no name');
  if (experiment.arms.length < 2) problems.push('it needs at least two arms');
  if (names.size < experiment.arms.length || names.has('')) problems.push('its arms need names of their own');
  for (const { name, share } of experiment.arms)
    if (!(share >= 0 && Number.isFinite(share)))
      problems.push(`arm ${name} has share ${share}, expected a number from 0`);
  if (!experiment.arms.some(({ share }) => share > 0)) problems.push('no arm has a share above 0');
  if (problems.length > 0) throw new Error(`the experiment ${experiment.name} is wrong: ${problems.join('; ')}`);
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, aborted) => {
    if (signal?.aborted) return aborted(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      aborted(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      done();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
