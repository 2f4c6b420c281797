/** While the store is away the watch says so once, and once when it is back. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { startWatch } from './watch.ts';

afterEach(() => vi.useRealTimers());

test('a store that is away for many turns is one line, and its return another', async () => {
  vi.useFakeTimers({ now: Date.parse('2026-10-20T12:00:00Z') });
  let isAway = true;
  const query = async () => {
    if (isAway) throw new Error('connection refused');
    return { json: async () => [] };
  };
  const client = { query, insert: async () => {}, command: async () => {} };
  const log: string[] = [];
  const watch = startWatch(
    { kind: 'server', reader: client, writer: client } as unknown as Engine,
    { everySeconds: 60 },
    (line) => log.push(line),
  );
  const failed = (): unknown =>
    watch.metrics.find(({ name }) => name === 'routescope_drift_failed_looks_total')?.read();
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(failed()).toBe(5);
  isAway = false;
  await vi.advanceTimersByTimeAsync(3 * 60_000);
  isAway = true;
  await vi.advanceTimersByTimeAsync(2 * 60_000);
  expect(failed()).toBe(7);
  const away = 'the watch could not look, and tries again at every turn: connection refused';
  expect(log).toEqual([away, 'the watch can look again', away]);
  await watch.close();
});
