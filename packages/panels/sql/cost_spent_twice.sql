-- Money for answers that were not used (rejected, failed), and for the dearer ones that replaced them.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(a.started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    multiIf(a.outcome = 'rejected', 'rejected answers', a.outcome = 'failed', 'failed attempts', 'fallbacks') AS spent_on,
    if(count(a.cost_usd) = 0, NULL, sum(a.cost_usd)) AS cost_usd,
    count() AS attempts
FROM routescope.attempts AS a
WHERE a.started_at >= {from:DateTime} AND a.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, a.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, a.tag))
    AND (a.outcome IN ('rejected', 'failed') OR a.attempt_reason = 'fallback')
GROUP BY time, spent_on
ORDER BY time, spent_on
