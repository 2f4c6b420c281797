/** Keeps what the watch found, as rows for a screen: one look of each ten minutes, every question of every key. */
import type { ClickHouseClient } from '@clickhouse/client';
import type { DriftRow } from '@routescope/panels';

const slotMinutes = 10;

export interface Verdicts {
  /** @param minute epoch minute that was judged. A slot that is kept already costs nothing. */
  keep(signal: string, rows: readonly DriftRow[], minute: number): Promise<void>;
}

export function createVerdicts(writer: ClickHouseClient): Verdicts {
  const kept = new Map<string, number>();
  return {
    async keep(signal, rows, minute) {
      const slot = Math.floor(minute / slotMinutes) * slotMinutes;
      if (slot === kept.get(signal) || rows.length === 0) return;
      await writer.insert({
        table: 'routescope.drift_evidence_10m',
        values: rows.map((row) => ({
          slot: slot * 60,
          signal,
          environment: row.environment,
          tag: row.tag,
          first_model: row.first_model,
          question: row.question,
          evidence_weeks: row.evidence_weeks,
          threshold_weeks: row.threshold_minutes / 10_080,
          is_open: row.is_open === 1,
          judged_at: minute * 60,
        })),
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0 },
      });
      kept.set(signal, slot);
    },
  };
}
