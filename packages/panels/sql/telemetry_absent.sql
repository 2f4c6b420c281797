-- Seconds since the newest call of each environment that had any in the last eight days; 0 while as quiet a time is usual:
-- on one of the earlier days fewer than five minutes of the same hours, but for the last half hour of them, had calls.
-- Of a silence longer than a day only the last day is looked at. A working day is held against working days, a weekend
-- against weekends, the way from one into the other against the same days a week before, and no day against one without a
-- call. With less than a day of history nothing is known to be usual.
SELECT
    environment,
    toFloat64(if(minutes_ago[-1] < 86400 OR (notEmpty(usual_minutes) AND arrayMin(usual_minutes) >= 5), silence, 0)) AS value
FROM
(
    SELECT
        m.environment AS environment,
        arraySort(groupUniqArray(toUInt32({to:DateTime}) - toUInt32(m.minute))) AS minutes_ago,
        minutes_ago[1] AS silence,
        least(silence, 86400) AS length_s,
        arrayFilter(
            day -> (toDayOfWeek({to:DateTime} - length_s - 86400 * day) > 5) = (toDayOfWeek({to:DateTime} - length_s) > 5)
                AND (toDayOfWeek({to:DateTime} - 60 - 86400 * day) > 5) = (toDayOfWeek({to:DateTime} - 60) > 5)
                AND arrayExists(ago -> intDiv(ago, 86400) = day, minutes_ago),
            [1, 2, 3, 4, 5, 6, 7]) AS days,
        arrayFilter(ago -> modulo(ago, 86400) >= 1800 AND modulo(ago, 86400) < length_s, minutes_ago) AS missed,
        arrayMap(day -> length(arrayFilter(ago -> intDiv(ago, 86400) = day, missed)), days) AS usual_minutes
    FROM routescope.calls_1m AS m
    WHERE m.minute >= {to:DateTime} - toIntervalDay(8) AND m.minute < {to:DateTime}
    GROUP BY environment
)
ORDER BY environment
