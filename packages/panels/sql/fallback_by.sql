-- The fallback rate of each job by a column of the rollup, oldest value first.
SELECT
    {from:DateTime} AS time,
    m.tag AS tag,
    m.[column] AS [column],
    toString(min(m.minute)) AS first_seen,
    sum(m.fallbacks) / nullIf(sum(m.checked), 0) AS fallback_rate,
    sum(m.fallbacks) AS fallbacks,
    sum(m.checked) AS checked_calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY tag, [column]
HAVING checked_calls > 0
ORDER BY tag, min(m.minute), [column]
