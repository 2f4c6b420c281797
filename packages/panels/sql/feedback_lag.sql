-- How long after a call its scores come: until then its quality is not known.
SELECT
    {from:DateTime} AS time,
    s.name AS score_name,
    quantiles(0.5, 0.95)(dateDiff('second', s.call_started_at, s.scored_at))[1] AS p50_lag_s,
    quantiles(0.5, 0.95)(dateDiff('second', s.call_started_at, s.scored_at))[2] AS p95_lag_s,
    count() AS scores
FROM routescope.scores AS s FINAL
WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
GROUP BY score_name
ORDER BY score_name
