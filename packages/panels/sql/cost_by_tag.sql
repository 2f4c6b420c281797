-- Where the money goes, job by job.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.tag AS tag,
    if(sum(m.priced) = 0, NULL, sum(m.cost_usd)) AS cost_usd,
    sum(m.priced) AS priced_calls,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, tag
ORDER BY time, tag
