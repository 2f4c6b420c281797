-- By how much a tag's fallback rate rose above its own earlier rate, as a share of checked calls; 0 where nothing is shown.
--
-- Looks at the last 1, 6, 24 and 72 hours, so that a busy tag is judged within the hour and a quiet one at all. A window
-- counts from 100 checked calls; the earlier rate is that of the seven to ten days before it, of at least 200. A rise
-- counts from three standard errors, taken on the arcsine scale: there the error of a rare event does not depend on its
-- rate. (The usual z-score of two proportions takes the long tail of a 2 % rate for news, about ten times as often.)
-- Simulated: 2 % -> 8 % is seen in 40 minutes at 5,000 checked calls a day, in 5 hours at 500, in 2 days at 50, there in
-- two cases of three; a steady 2 % gives about one false alarm a month at 5,000 a day, and fewer below.
SELECT
    tag,
    max(if(recent_checked >= 100 AND earlier_checked >= 200 AND standard_errors >= 3, recent_rate - earlier_rate, 0)) AS value
FROM
(
    SELECT
        m.tag AS tag,
        hours,
        sumIf(m.checked, m.minute >= {to:DateTime} - toIntervalHour(hours)) AS recent_checked,
        sumIf(m.checked, m.minute < {to:DateTime} - toIntervalHour(hours)) AS earlier_checked,
        sumIf(m.fallbacks, m.minute >= {to:DateTime} - toIntervalHour(hours)) / recent_checked AS recent_rate,
        sumIf(m.fallbacks, m.minute < {to:DateTime} - toIntervalHour(hours)) / earlier_checked AS earlier_rate,
        2 * (asin(sqrt(recent_rate)) - asin(sqrt(earlier_rate))) / sqrt(1 / recent_checked + 1 / earlier_checked) AS standard_errors
    FROM routescope.calls_1m AS m
    ARRAY JOIN [1, 6, 24, 72] AS hours
    WHERE m.minute >= {to:DateTime} - toIntervalDay(10) AND m.minute < {to:DateTime}
    GROUP BY tag, hours
    HAVING sum(m.checked) > 0
)
GROUP BY tag
ORDER BY tag
