-- What was spent, and what the same tokens would have cost at the baseline models, adding up over the range. Only calls
-- with both numbers are in either.
SELECT
    time,
    sum(baseline_cost) OVER (ORDER BY time) AS cumulative_baseline_cost_usd,
    sum(cost) OVER (ORDER BY time) AS cumulative_cost_usd,
    sum(compared) OVER (ORDER BY time) AS compared_calls
FROM
(
    SELECT
        addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
        sum(m.baseline_cost_usd) AS baseline_cost,
        sum(m.compared_cost_usd) AS cost,
        sum(m.compared) AS compared
    FROM routescope.calls_1m AS m
    WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
    GROUP BY time
    HAVING compared > 0
)
ORDER BY time
