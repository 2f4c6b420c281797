-- What a rescue costs in time: the median of calls with a fallback or failover against that of calls without.
SELECT
    {from:DateTime} AS time,
    c.tag AS tag,
    quantileIf(0.5)(c.duration_s, rescued) - quantileIf(0.5)(c.duration_s, NOT rescued) AS added_s,
    quantileIf(0.5)(c.duration_s, rescued) AS p50_rescued_s,
    quantileIf(0.5)(c.duration_s, NOT rescued) AS p50_plain_s,
    countIf(rescued) AS rescued_calls,
    count() AS calls
FROM
(
    SELECT c.tag AS tag, c.duration_s AS duration_s, c.fallback_count > 0 OR c.failover_count > 0 AS rescued
    FROM routescope.calls AS c
    WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
        AND c.tag != ''
) AS c
GROUP BY tag
HAVING rescued_calls > 0 AND rescued_calls < calls
ORDER BY added_s DESC, tag
