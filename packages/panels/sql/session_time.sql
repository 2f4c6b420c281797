-- From a session's first call to the end of its last, as the user waited for it, at the time it began.
WITH quantiles(0.5, 0.95, 0.99)(took_s) AS percentiles_s
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(began_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    percentiles_s[1] AS p50_s,
    percentiles_s[2] AS p95_s,
    percentiles_s[3] AS p99_s,
    count() AS sessions
FROM
(
    SELECT
        min(c.started_at) AS began_at,
        (toUnixTimestamp64Micro(max(c.started_at + toIntervalMicrosecond(toInt64(c.duration_s * 1e6)))) - toUnixTimestamp64Micro(began_at)) / 1e6 AS took_s
    FROM routescope.calls AS c
    WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
        AND c.session_id != ''
    GROUP BY c.session_id
)
GROUP BY time
ORDER BY time
