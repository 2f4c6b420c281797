/** How the watch asks, within bounds, since it asks every minute beside everything else; and how it writes to `events`. */
import type { Ask } from '@routescope/panels';
import type { Engine } from '../engine/engine.ts';

/** Keys are worked on a hundred at a time; 200 of them with 28 days want about 200 MB. */
const keysAtOnce = '100';
const memoryBytes = 1_000_000_000;
/** Our own engine is known to take it: looking for columns nobody needs costs it more than the columns do. */
const ofChild = { query_plan_remove_unused_columns: 0 };

export type WriteEvents = (events: readonly Record<string, unknown>[]) => Promise<unknown>;

/** @param most bytes a question may take; one that would take more fails. */
export function storeOf(
  { kind, reader, writer }: Pick<Engine, 'kind' | 'reader' | 'writer'>,
  most = memoryBytes,
): { readonly ask: Ask; readonly write: WriteEvents } {
  const bounds = { max_block_size: keysAtOnce, max_memory_usage: String(most) };
  const clickhouse_settings = kind === 'child' ? { ...bounds, ...ofChild } : bounds;
  return {
    ask: async (query, query_params) =>
      (await reader.query({ query, query_params, format: 'JSONEachRow', clickhouse_settings })).json(),
    write: (events) =>
      writer.insert({
        table: 'routescope.events',
        values: events.map((event) => ({ by: 'routescope', recorded_at: new Date().toISOString(), ...event })),
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
      }),
  };
}
