-- Each job by its own rubric. Scores count at the time of their call, however late they came; the product's own
-- names (shown, human_override) are events, not rubrics, and a score without a value is a label.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(s.call_started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    s.tag AS tag,
    s.name AS score_name,
    avg(s.value) AS mean_score,
    count(s.value) AS scores
FROM routescope.scores AS s FINAL
WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
    AND s.name NOT IN ('shown', 'human_override')
    AND s.value IS NOT NULL
GROUP BY time, tag, score_name
ORDER BY time, tag, score_name
