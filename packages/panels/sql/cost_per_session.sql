-- What a session spends on each job: the cost of its calls in sessions, over the sessions that had the tag.
-- Calls without a known cost are left out of the sum, so below 100 % priced it is a floor.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.tag AS tag,
    toFloat64(if(sum(m.session_priced) = 0, NULL, sum(m.session_cost_usd))) / nullIf(uniqMerge(m.sessions), 0) AS cost_per_session_usd,
    uniqMerge(m.sessions) AS sessions,
    if(sum(m.session_priced) = 0, NULL, sum(m.session_cost_usd)) AS session_cost_usd,
    sum(m.session_priced) AS session_priced_calls,
    sum(m.session_calls) AS session_calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, tag
HAVING session_calls > 0
ORDER BY time, tag
