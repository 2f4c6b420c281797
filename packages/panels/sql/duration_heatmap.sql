-- Every call by how long it took, in doublings from 125 ms: a percentile hides a second hump.
WITH
    [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64] AS bounds_s
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(c.started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    if(bucket > length(bounds_s), 'longer', concat('≤ ', toString(bounds_s[bucket]), ' s')) AS duration_range,
    countIf(arrayFirstIndex(bound -> c.duration_s <= bound, bounds_s) = if(bucket > length(bounds_s), 0, bucket)) AS calls
FROM routescope.calls AS c
ARRAY JOIN range(1, 12) AS bucket
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
GROUP BY time, bucket
ORDER BY time, bucket
