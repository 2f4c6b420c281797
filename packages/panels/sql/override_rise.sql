-- By how much a tag's human-override rate rose above its own earlier rate; 0 where nothing is shown. The last 6 or 24
-- hours against the seven days before them, from fifty and a hundred outputs seen, beyond three standard errors on the
-- arcsine scale.
SELECT
    tag,
    max(if(recent_shown >= 50 AND earlier_shown >= 100 AND standard_errors >= 3, recent_rate - earlier_rate, 0)) AS value
FROM
(
    SELECT
        tag,
        hours,
        countIf(seen_at >= {to:DateTime} - toIntervalHour(hours)) AS recent_shown,
        countIf(seen_at < {to:DateTime} - toIntervalHour(hours)) AS earlier_shown,
        countIf(is_overridden AND seen_at >= {to:DateTime} - toIntervalHour(hours)) / recent_shown AS recent_rate,
        countIf(is_overridden AND seen_at < {to:DateTime} - toIntervalHour(hours)) / earlier_shown AS earlier_rate,
        2 * (asin(sqrt(recent_rate)) - asin(sqrt(earlier_rate))) / sqrt(1 / recent_shown + 1 / earlier_shown) AS standard_errors
    FROM
    (
        SELECT s.tag AS tag, min(s.call_started_at) AS seen_at, max(s.name = 'human_override' AND s.value > 0) AS is_overridden
        FROM routescope.scores AS s FINAL
        WHERE s.call_started_at >= {to:DateTime} - toIntervalDay(8) AND s.call_started_at < {to:DateTime}
            AND s.name IN ('shown', 'human_override')
        GROUP BY tag, s.call_id
    )
    ARRAY JOIN [6, 24] AS hours
    GROUP BY tag, hours
)
GROUP BY tag
ORDER BY tag
