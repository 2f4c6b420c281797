/** One record for each decision: what for, which model, how many tokens, how dear, how long, when. From the tables. */

/** Runs with `{from:DateTime}` and `{to:DateTime}` at the sidecar's `/query`. */
export const telemetryRecord = `
SELECT
    c.call_id AS id,
    c.tag AS type,
    c.final_model AS model,
    sum(ifNull(a.input_tokens, 0) + ifNull(a.output_tokens, 0)) AS tokens,
    toFloat64(any(c.cost_usd)) AS cost_usd,
    round(any(c.duration_s) * 1000) AS latency_ms,
    toUnixTimestamp64Milli(any(c.started_at)) AS time_ms
FROM routescope.calls AS c
INNER JOIN routescope.attempts AS a ON a.call_id = c.call_id
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
GROUP BY id, type, model
ORDER BY time_ms, id`;
