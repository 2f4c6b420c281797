-- By what part of itself a tag's spending rose: the last three hours against the same hours of the days before (up to
-- seven, those with calls in them; working days for a working day, weekends for a weekend), so that a busy afternoon and
-- a Monday are no news; 0 below fifty calls.
SELECT
    tag,
    toFloat64(if(recent_calls >= 50 AND earlier_days > 0 AND earlier_cost > 0, greatest(recent_cost / (earlier_cost / earlier_days) - 1, 0), 0)) AS value
FROM
(
    SELECT
        tag,
        sumIf(calls, days_ago = 0) AS recent_calls,
        sumIf(cost, days_ago = 0) AS recent_cost,
        sumIf(cost, is_alike) AS earlier_cost,
        countIf(is_alike AND calls > 0) AS earlier_days
    FROM
    (
        SELECT
            m.tag AS tag,
            intDiv(toUInt32({to:DateTime}) - 60 - toUInt32(m.minute), 86400) AS days_ago,
            days_ago > 0 AND (toDayOfWeek({to:DateTime} - 60 - toIntervalDay(days_ago)) > 5) = (toDayOfWeek({to:DateTime} - 60) > 5) AS is_alike,
            sum(m.calls) AS calls,
            toFloat64(sum(m.cost_usd)) AS cost
        FROM routescope.calls_1m AS m
        WHERE m.minute >= {to:DateTime} - toIntervalDay(8) AND m.minute < {to:DateTime}
            AND modulo(toUInt32({to:DateTime}) - 60 - toUInt32(m.minute), 86400) < 10800
        GROUP BY tag, days_ago
    )
    GROUP BY tag
)
ORDER BY tag
