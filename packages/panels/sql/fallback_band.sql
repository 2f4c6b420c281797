-- The fallback rate between what its own seven days before make likely: three standard errors up and down, taken on the
-- arcsine scale, where the error of a rare event does not depend on its rate.
WITH
    sum(fallbacks) OVER earlier AS earlier_fallbacks,
    sum(checked_calls) OVER earlier AS earlier_checked,
    earlier_fallbacks / nullIf(earlier_checked, 0) AS baseline,
    1.5 / sqrt(checked_calls) + 1.5 / sqrt(earlier_checked) AS three_errors
SELECT time, fallback_rate, baseline_fallback_rate, upper_fallback_rate, lower_fallback_rate, checked_calls, baseline_checked_calls
FROM
(
    SELECT
        time,
        fallbacks / nullIf(checked_calls, 0) AS fallback_rate,
        baseline AS baseline_fallback_rate,
        if(baseline IS NULL, NULL, pow(sin(least(asin(sqrt(baseline)) + three_errors, 1.5707963)), 2)) AS upper_fallback_rate,
        if(baseline IS NULL, NULL, pow(sin(greatest(asin(sqrt(baseline)) - three_errors, 0)), 2)) AS lower_fallback_rate,
        checked_calls,
        earlier_checked AS baseline_checked_calls
    FROM
    (
        SELECT
            toDateTime(toInt64(toUInt32({from:DateTime})) + toInt64(floor((toInt64(toUInt32(m.minute)) - toInt64(toUInt32({from:DateTime}))) / {step_s:UInt32})) * {step_s:UInt32}) AS time,
            sum(m.fallbacks) AS fallbacks,
            sum(m.checked) AS checked_calls
        FROM routescope.calls_1m AS m
        WHERE m.minute >= {from:DateTime} - toIntervalDay(7) AND m.minute < {to:DateTime}
            AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
            AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
        GROUP BY time
        HAVING checked_calls > 0
    )
    WINDOW earlier AS (ORDER BY toUInt32(time) RANGE BETWEEN 604800 PRECEDING AND 1 PRECEDING)
)
WHERE time >= {from:DateTime}
ORDER BY time
