-- The same rubric at each tier that served: is the cheap one as good? With a 95 % interval of the mean, which does not
-- leave what was seen: few scores near the end of a scale would put it beyond.
SELECT
    {from:DateTime} AS time,
    s.tag AS tag,
    s.name AS score_name,
    s.tier AS tier,
    avg(s.value) AS mean_score,
    greatest(avg(s.value) - 1.96 * stddevSamp(s.value) / sqrt(count(s.value)), min(s.value)) AS low_score,
    least(avg(s.value) + 1.96 * stddevSamp(s.value) / sqrt(count(s.value)), max(s.value)) AS high_score,
    count(s.value) AS scores
FROM routescope.scores AS s FINAL
WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
    AND s.name NOT IN ('shown', 'human_override')
    AND s.value IS NOT NULL
GROUP BY tag, score_name, tier
ORDER BY tag, score_name, tier
