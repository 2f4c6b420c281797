-- How many answers of a job somebody looks at. A tag that nobody checks looks perfect.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.tag AS tag,
    sum(m.checked) / sum(m.calls) AS checked_share,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
    AND m.tag != ''
GROUP BY time, tag
ORDER BY time, tag
