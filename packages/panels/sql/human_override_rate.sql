-- Of the outputs a human saw, how many were replaced or rejected. An override proves that the output was seen, also
-- where the app does not say so; several verdicts on one call are one call.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(s.call_started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    s.tag AS tag,
    uniqExactIf(s.call_id, s.name = 'human_override' AND s.value > 0) / uniqExact(s.call_id) AS human_override_rate,
    uniqExactIf(s.call_id, s.name = 'human_override' AND s.value > 0) AS overridden_calls,
    uniqExact(s.call_id) AS shown_calls
FROM routescope.scores AS s FINAL
WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
    AND s.name IN ('shown', 'human_override')
GROUP BY time, tag
ORDER BY time, tag
