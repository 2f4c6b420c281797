-- The last day of the range against what was before it, rubric by rubric: by how much, and how sure that is no chance.
WITH
    s.call_started_at >= {to:DateTime} - toIntervalDay(1) AS is_recent,
    avgIf(s.value, is_recent) AS recent,
    avgIf(s.value, NOT is_recent) AS earlier
SELECT
    {from:DateTime} AS time,
    s.tag AS tag,
    s.name AS score_name,
    recent AS recent_mean_score,
    earlier AS earlier_mean_score,
    recent - earlier AS change_of_score,
    (recent - earlier) / nullIf(sqrt(varSampIf(s.value, is_recent) / countIf(is_recent) + varSampIf(s.value, NOT is_recent) / countIf(NOT is_recent)), 0) AS standard_errors,
    countIf(is_recent) AS recent_scores,
    countIf(NOT is_recent) AS earlier_scores
FROM routescope.scores AS s FINAL
WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
    AND s.name NOT IN ('shown', 'human_override')
    AND s.value IS NOT NULL
GROUP BY tag, score_name
HAVING recent_scores > 1 AND earlier_scores > 1
ORDER BY standard_errors, tag
