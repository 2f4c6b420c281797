/**
 * Where scores go. One that names its call by id alone takes the call's facts from the call's row; where that is not
 * there yet, it waits in `scores_early`, and the call brings it along when it comes.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { into } from './rows.ts';
import type { ScoreRow } from './scores.ts';

/** The calls that are here already; their id index makes this a lookup, not a scan. */
const settle = `
INSERT INTO routescope.scores
SELECT
    c.environment, c.service, c.tag, c.final_tier AS tier, c.final_model AS model, c.session_id, c.trace_id, c.call_id,
    c.started_at AS call_started_at, e.name, e.value, e.label, e.scorer, e.score_id, e.explanation, e.correction, e.scored_at
FROM routescope.scores_early AS e
INNER JOIN (SELECT * FROM routescope.calls WHERE call_id IN {ids:Array(String)}) AS c ON c.call_id = e.call_id
WHERE e.call_id IN {ids:Array(String)}`;

export function intoScores(writer: ClickHouseClient): (rows: readonly ScoreRow[]) => Promise<void> {
  return async (rows) => {
    const known = rows.filter((row) => row['call_started_at'] !== null);
    const early = rows.filter((row) => row['call_started_at'] === null);
    if (known.length > 0) await into(writer, 'routescope.scores')(known);
    if (early.length === 0) return;
    // Waiting first, then looking: a call that comes in between is seen by one of the two.
    const waiting = early.map(
      ({ call_id, name, value, label, scorer, score_id, explanation, correction, scored_at }) => ({
        call_id,
        name,
        value,
        label,
        scorer,
        score_id,
        explanation,
        correction,
        scored_at,
      }),
    );
    await into(writer, 'routescope.scores_early')(waiting);
    const ids = [...new Set(early.map((row) => row['call_id']))];
    await writer.command({ query: settle, query_params: { ids } });
  };
}
