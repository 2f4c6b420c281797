-- By how much a tag's mean score fell, in the rubric where it fell most: the last 12 or 24 hours against the seven days
-- before them; 0 where a window has fewer than twenty scores or the fall is within three standard errors.
SELECT
    tag,
    max(if(recent_scores >= 20 AND earlier_scores >= 20 AND earlier_mean - recent_mean >= 3 * standard_error, earlier_mean - recent_mean, 0)) AS value
FROM
(
    WITH s.call_started_at >= {to:DateTime} - toIntervalHour(hours) AS is_recent
    SELECT
        s.tag AS tag,
        s.name AS score_name,
        hours,
        countIf(is_recent) AS recent_scores,
        countIf(NOT is_recent) AS earlier_scores,
        ifNull(avgIf(s.value, is_recent), 0) AS recent_mean,
        ifNull(avgIf(s.value, NOT is_recent), 0) AS earlier_mean,
        ifNull(sqrt(varSampIf(s.value, is_recent) / recent_scores + varSampIf(s.value, NOT is_recent) / earlier_scores), 0) AS standard_error
    FROM routescope.scores AS s FINAL
    ARRAY JOIN [12, 24] AS hours
    WHERE s.call_started_at >= {to:DateTime} - toIntervalDay(8) AND s.call_started_at < {to:DateTime}
        AND s.name NOT IN ('shown', 'human_override')
        AND s.value IS NOT NULL
    GROUP BY tag, score_name, hours
)
GROUP BY tag
ORDER BY tag
