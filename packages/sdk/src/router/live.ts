/** A route table that may change while the router runs. A bad one is refused with the reason, and the old one stays. */
import type { RouterEvent } from '../events.ts';
import { describeChanges } from './diff.ts';
import { plainTable } from './plain.ts';
import type { Routes, RouteTable } from './routes.ts';

export interface LiveRoutesOptions {
  /** How often `load` is called. 0: only by `reload()`. @default 5,000 ms */
  readonly everyMs?: number;
}

type Told = Omit<RouterEvent, 'at'>;

export interface LiveRoutes<T extends Routes = Routes> {
  /** The one in use. */
  readonly table: RouteTable<T>;
  /** Why the newest one is not in use; undefined when it is. */
  readonly problem: string | undefined;
  /** Loads now. @returns whether another table is in use since. */
  reload(): Promise<boolean>;
  onChange(listener: (event: Told) => void): void;
  /** Stops looking for changes. */
  stop(): void;
}

/**
 * Loads a table, and again and again. Calls under way go on with the table they began with.
 * @param load gives the table: `() => tableFromFile('routes.json', …)`, or a function that asks anything else.
 * @throws what `load` throws the first time: there is no old table to go on with.
 */
export async function liveRoutes<T extends Routes>(
  load: () => RouteTable<T> | Promise<RouteTable<T>>,
  { everyMs = 5_000 }: LiveRoutesOptions = {},
): Promise<LiveRoutes<T>> {
  let table = await load();
  let problem: string | undefined;
  let loading: Promise<boolean> | undefined;
  const listeners = new Set<(event: Told) => void>();
  const tell = (event: Told): void => {
    for (const listener of listeners) listener(event);
  };
  const first: Told = {
    kind: 'route_table',
    name: table.version,
    state: 'loaded',
    text: [`${Object.keys(table.routes).length} tags`, ...table.warnings].join('; '),
  };

  async function loadAgain(): Promise<boolean> {
    try {
      const next = await load();
      const missing = Object.keys(table.routes).filter((tag) => !Object.hasOwn(next.routes, tag));
      if (missing.length > 0) throw new Error(`the new table has no ${missing.join(', ')}, which the app may ask for`);
      problem = undefined;
      if (next.version === table.version) return false;
      const changes = describeChanges(plainTable(table.routes), plainTable(next.routes));
      const before = table.version;
      table = next;
      tell({
        kind: 'route_table',
        name: next.version,
        state: 'changed',
        text: [`after ${before}`, ...changes, ...next.warnings].join('; ').slice(0, 2_000),
      });
      return true;
    } catch (refused) {
      const why = refused instanceof Error ? refused.message : String(refused);
      // Said once, not at every look.
      if (why !== problem)
        tell({ kind: 'route_table', name: table.version, state: 'refused', text: why.slice(0, 2_000) });
      problem = why;
      return false;
    }
  }
  const reload = (): Promise<boolean> => {
    loading ??= loadAgain().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  const timer = everyMs > 0 ? setInterval(() => void reload(), everyMs) : undefined;
  timer?.unref();
  return {
    get table() {
      return table;
    },
    get problem() {
      return problem;
    },
    reload,
    onChange(listener) {
      listeners.add(listener);
      listener(first);
    },
    stop: () => clearInterval(timer),
  };
}

export const isLive = <T extends Routes>(source: RouteTable<T> | LiveRoutes<T>): source is LiveRoutes<T> =>
  'reload' in source;
