-- Which group of users it is spent on.
SELECT
    {from:DateTime} AS time,
    c.user_segment AS user_segment,
    sum(c.cost_usd) AS cost_usd,
    count(c.cost_usd) AS priced_calls,
    count() AS calls
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
GROUP BY user_segment
ORDER BY cost_usd DESC, user_segment
