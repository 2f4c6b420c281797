/**
 * Budgets: what calls have cost by tag, session, user segment and day, and what happens when it is enough. Counted in
 * this process; where several share a budget, `spentUsd` tells what all of them spent.
 */
import { usd } from '@routescope/conventions';
import { type Clock, countFailure } from '../telemetry.ts';

const parts = ['tag', 'session', 'user_segment', 'day'] as const;
type BudgetPart = (typeof parts)[number];

/** What a call does once the budget is spent: goes on (`warn`), starts at the cheapest tier, or is refused. */
const actions = ['warn', 'cheapest', 'refuse'] as const;
export type BudgetAction = (typeof actions)[number];

export interface Budget {
  readonly name: string;
  readonly usd: number;
  /** Each combination of these has the budget for itself: `['tag', 'day']` is one for each tag and day (UTC). */
  readonly per: readonly BudgetPart[];
  /** Only calls of these tags; left out, all. */
  readonly tags?: readonly string[];
  /** Only calls of these user segments; left out, all. */
  readonly userSegments?: readonly string[];
  /** @default 'warn': soft, an event and nothing else */
  readonly over?: BudgetAction;
  /** Share of it from which there is an event. @default 0.8 */
  readonly warnAt?: number;
  /**
   * What everybody spent under this key (`tag=… day=…`), in USD; asked in the background at most once a minute. The
   * larger of that and this process's own count holds.
   */
  readonly spentUsd?: (key: string) => Promise<number | undefined>;
}

export interface BudgetedCall {
  readonly tag: string;
  readonly session: string;
  readonly userSegment: string | undefined;
}

export interface BudgetEvent {
  readonly budget: Budget;
  readonly key: string;
  readonly state: 'warned' | 'exceeded';
  readonly spentUsd: number;
  readonly tag: string;
}

/** @returns a sentence for everything that is wrong. */
function budgetProblems(budgets: readonly Budget[]): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const [index, budget] of budgets.entries()) {
    const say = (problem: string): void => void problems.push(`budget ${budget.name || index}: ${problem}`);
    if (!budget.name) say('it has no name');
    if (names.has(budget.name)) say('the name is taken');
    names.add(budget.name);
    if (!(budget.usd >= 0 && Number.isFinite(budget.usd))) say(`usd is ${budget.usd}, expected an amount from 0`);
    for (const part of budget.per ?? [])
      if (!parts.includes(part)) say(`per has ${JSON.stringify(part)}, expected ${parts.join(', ')}`);
    if (!Array.isArray(budget.per)) say(`\`per\` is missing, expected some of ${parts.join(', ')}`);
    if (budget.over !== undefined && !actions.includes(budget.over))
      say(`over is ${JSON.stringify(budget.over)}, expected one of ${actions.join(', ')}`);
    if (budget.warnAt !== undefined && !(budget.warnAt > 0 && budget.warnAt <= 1))
      say(`warnAt is ${budget.warnAt}, expected a share above 0 and at most 1`);
  }
  return problems;
}

/** What is to be done at this spending. Pure and total. */
export function actionAt(spentUsd: number, { usd: limit, over = 'warn' }: Budget): BudgetAction | 'none' {
  return spentUsd >= limit ? over : 'none';
}

/** The budget's account of this call, or undefined when the call is none of its business. */
export function keyOf(budget: Budget, call: BudgetedCall, now: number): string | undefined {
  if (budget.tags && !budget.tags.includes(call.tag)) return undefined;
  if (budget.userSegments && !budget.userSegments.includes(call.userSegment ?? '')) return undefined;
  if (budget.per.includes('session') && call.session === '') return undefined;
  if (budget.per.includes('user_segment') && !call.userSegment) return undefined;
  const values: Readonly<Record<BudgetPart, () => string>> = {
    tag: () => call.tag,
    session: () => call.session,
    user_segment: () => call.userSegment ?? '',
    day: () => new Date(now).toISOString().slice(0, 10),
  };
  return parts
    .filter((part) => budget.per.includes(part))
    .map((part) => `${part}=${values[part]()}`)
    .join(' ');
}

interface Account {
  spentPico: number;
  /** What everybody spent, as last heard. */
  sharedUsd: number;
  askedAt: number;
  told: 'nothing' | 'warned' | 'exceeded';
}

/** Accounts kept; the oldest one goes first, so that sessions cannot fill the memory. */
const maxAccounts = 10_000;
const askEveryMs = 60_000;
const severity: Readonly<Record<BudgetAction | 'none', number>> = { none: 0, warn: 1, cheapest: 2, refuse: 3 };

export class Budgets {
  readonly #budgets: readonly Budget[];
  readonly #clock: Clock;
  readonly #tell: (event: BudgetEvent) => void;
  readonly #accounts = new Map<string, Account>();

  constructor(budgets: readonly Budget[], clock: Clock, tell: (event: BudgetEvent) => void) {
    const problems = budgetProblems(budgets);
    if (problems.length > 0) throw new Error(`the budgets are wrong: ${problems.join('; ')}`);
    this.#budgets = budgets;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The strictest thing any budget asks of this call, and which one asks. */
  check(call: BudgetedCall): { readonly action: BudgetAction | 'none'; readonly budget: Budget | undefined } {
    let action: BudgetAction | 'none' = 'none';
    let by: Budget | undefined;
    for (const [budget, key] of this.#keysOf(call)) {
      const account = this.#account(budget, key);
      this.#ask(budget, key, account);
      const asks = actionAt(spent(account), budget);
      if (severity[asks] > severity[action]) [action, by] = [asks, budget];
    }
    return { action, budget: by };
  }

  /** A call has cost this much. An unknown cost is not in any budget: nothing can be said of it. */
  spend(call: BudgetedCall, pico: number | null): void {
    if (pico === null || pico === 0) return;
    for (const [budget, key] of this.#keysOf(call)) {
      const account = this.#account(budget, key);
      account.spentPico += pico;
      this.#judge(budget, key, account, call.tag);
    }
  }

  #judge(budget: Budget, key: string, account: Account, tag: string): void {
    const spentUsd = spent(account);
    const state =
      spentUsd >= budget.usd ? 'exceeded' : spentUsd >= budget.usd * (budget.warnAt ?? 0.8) ? 'warned' : undefined;
    if (state === undefined || account.told === state || account.told === 'exceeded') return;
    account.told = state;
    this.#tell({ budget, key, state, spentUsd, tag });
  }

  *#keysOf(call: BudgetedCall): Generator<readonly [Budget, string]> {
    const now = this.#clock();
    for (const budget of this.#budgets) {
      const key = keyOf(budget, call, now);
      if (key !== undefined) yield [budget, key];
    }
  }

  #account(budget: Budget, key: string): Account {
    const name = `${budget.name}\n${key}`;
    const known = this.#accounts.get(name);
    if (known) return known;
    const account: Account = { spentPico: 0, sharedUsd: 0, askedAt: Number.NEGATIVE_INFINITY, told: 'nothing' };
    this.#accounts.set(name, account);
    if (this.#accounts.size > maxAccounts) this.#accounts.delete(this.#accounts.keys().next().value as string);
    return account;
  }

  #ask(budget: Budget, key: string, account: Account): void {
    if (!budget.spentUsd || this.#clock() - account.askedAt < askEveryMs) return;
    account.askedAt = this.#clock();
    budget.spentUsd(key).then((spentUsd) => {
      account.sharedUsd = spentUsd ?? account.sharedUsd;
      this.#judge(budget, key, account, '');
    }, countFailure);
  }
}

const spent = ({ spentPico, sharedUsd }: Account): number => Math.max(usd(spentPico), sharedUsd);
