-- Which part of the product spends it.
SELECT
    {from:DateTime} AS time,
    c.feature AS feature,
    sum(c.cost_usd) AS cost_usd,
    count(c.cost_usd) AS priced_calls,
    count() AS calls
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
GROUP BY feature
ORDER BY cost_usd DESC, feature
