/**
 * Where scores go. One that names its call by id alone takes the call's facts from the call's row; where that is not
 * there yet, it waits in `scores_early`, and the call brings it along when it comes.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { into } from './rows.ts';
import type { ScoreRow } from './scores.ts';

/**
 * The calls that are here already; their id index makes this a lookup, not a scan.
 * @param ids SQL for the calls that are looked for. @param rows which of the waiting.
 */
const settle = (ids: string, rows: string): string => `
INSERT INTO routescope.scores
SELECT
    c.environment, c.service, c.tag, c.final_tier AS tier, c.final_model AS model, c.session_id, c.trace_id, c.call_id,
    c.started_at AS call_started_at, e.name, e.value, e.label, e.scorer, e.score_id, e.explanation, e.correction, e.scored_at
FROM routescope.scores_early AS e
INNER JOIN (SELECT * FROM routescope.calls WHERE call_id IN ${ids}) AS c ON c.call_id = e.call_id
WHERE ${rows}`;

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
    await writer.command({
      query: settle('{ids:Array(String)}', 'e.call_id IN {ids:Array(String)}'),
      query_params: { ids },
    });
  };
}

/** As long as what came as a log may have waited for a look; twice looked at is harmless. */
const lately = 'received_at >= now() - INTERVAL 10 MINUTE';
const found = settle(`(SELECT call_id FROM routescope.scores_early WHERE ${lately})`, `e.${lately}`);

export interface Settling {
  /** Evaluation results have come, and are to be loaded. */
  came(): void;
  /** Something is in the tables. */
  loaded(): void;
}

/**
 * Finds the calls of evaluation results that came as logs and name their call alone: when they, and what came with them,
 * are in the tables. A call that is loaded later brings them along.
 * @param isAllLoaded whether nothing waits to be loaded.
 */
export function startSettling(writer: ClickHouseClient, isAllLoaded: () => boolean): Settling {
  let isDue = true; // of what was in the spool already nobody knows
  let isBusy = false;
  let isAgain = false;
  const look = async (): Promise<void> => {
    isBusy = true;
    do {
      isAgain = false;
      if (!isDue) break;
      isDue = !isAllLoaded();
      await writer.command({ query: found }).catch(() => {
        isDue = true; // the engine is away: what it takes next comes back here
      });
    } while (isAgain);
    isBusy = false;
  };
  return {
    came: () => {
      isDue = true;
    },
    loaded: () => {
      if (isBusy) isAgain = true;
      else void look();
    },
  };
}
