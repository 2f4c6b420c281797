-- What routing itself takes: a call of one attempt, less that attempt. Choosing and checking are in it; how long choosing
-- alone took, the call says.
WITH quantiles(0.5, 0.95, 0.99)(overhead_s) AS percentiles_s
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    percentiles_s[1] AS p50_overhead_s,
    percentiles_s[2] AS p95_overhead_s,
    percentiles_s[3] AS p99_overhead_s,
    quantile(0.95)(decision_s) AS p95_decision_s,
    count() AS calls
FROM
(
    SELECT c.started_at AS started_at, c.duration_s - a.attempt_s AS overhead_s, c.decision_s AS decision_s
    FROM routescope.calls AS c
    INNER JOIN
    (
        SELECT a.call_id AS call_id, sum(a.duration_s) AS attempt_s
        FROM routescope.attempts AS a
        WHERE a.started_at >= {from:DateTime} AND a.started_at < {to:DateTime}
            AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, a.environment))
            AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, a.tag))
            AND a.call_id != a.span_id
        GROUP BY call_id
    ) AS a ON a.call_id = c.call_id
    WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
        AND c.attempt_count = 1
)
GROUP BY time
ORDER BY time
