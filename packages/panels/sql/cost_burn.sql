-- By what part of itself a tag's spending rose: the last three hours against the mean of the same hours of the days before
-- (up to seven, those with calls in them; working days for a working day, weekends for a weekend), so that a busy
-- afternoon and a Monday are no news. 0 below fifty calls, and unless the excess is half as large again as the largest
-- that any three hours of the week before had over their likes, so that batches that come when they please are no news
-- either; where hardly any can be compared yet, unless it doubled.
SELECT
    tag,
    toFloat64(if(if(compared >= 24, excess > 1.5 * largest_excess, rise > 1), greatest(rise, 0), 0)) AS value
FROM
(
    SELECT
        tag,
        maxIf(cost / (alike_cost / alike_days) - 1, hours_ago = 0 AND calls >= 50 AND alike_cost > 0) AS rise,
        maxIf(cost - alike_cost / alike_days, hours_ago = 0 AND alike_cost > 0) AS excess,
        countIf(is_before AND alike_days > 1) AS compared,
        maxIf(cost - (alike_cost - cost) / (alike_days - 1), is_before AND alike_days > 1) AS largest_excess
    FROM
    (
        SELECT
            *,
            hours_ago >= 24 AS is_before,
            countIf(is_before) OVER alike AS alike_days,
            sumIf(cost, is_before) OVER alike AS alike_cost
        FROM
        (
            -- Three hours on end, by the clock of now; each hour is one of three of them.
            SELECT
                tag,
                arrayJoin([hour, hour - 1, hour - 2]) AS hours_ago,
                toDayOfWeek({to:DateTime} - 60 - toIntervalHour(hours_ago)) > 5 AS is_weekend,
                sum(calls) AS calls,
                sum(cost) AS cost
            FROM
            (
                SELECT
                    m.tag AS tag,
                    toInt64(intDiv(toUInt32({to:DateTime}) - 60 - toUInt32(m.minute), 3600)) AS hour,
                    sum(m.calls) AS calls,
                    toFloat64(sum(m.cost_usd)) AS cost
                FROM routescope.calls_1m AS m
                WHERE m.minute >= {to:DateTime} - toIntervalHour(194) AND m.minute < {to:DateTime}
                GROUP BY tag, hour
            )
            GROUP BY tag, hours_ago
            HAVING hours_ago BETWEEN 0 AND 191
        )
        WINDOW alike AS (PARTITION BY tag, hours_ago % 24, is_weekend)
    )
    GROUP BY tag
)
ORDER BY tag
