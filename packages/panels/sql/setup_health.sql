-- Can these screens be trusted? A call without a tag belongs to no job, one without a check cannot be a fallback, one
-- without a price is missing from every sum; spans are numbered by the SDK that sends them, so lost ones leave gaps.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    sumIf(m.calls, m.tag != '') / sum(m.calls) AS tagged_share,
    sum(m.checked) / sum(m.calls) AS checked_share,
    sum(m.priced) / sum(m.calls) AS priced_share,
    dateDiff('second', max(m.minute), {to:DateTime}) AS newest_call_age_s,
    (
        SELECT if(count() = 0, NULL, sum(numbered))
        FROM
        (
            SELECT toInt64(max(sequence)) - toInt64(min(sequence)) + 1 - toInt64(uniqExact(sequence)) AS numbered
            FROM
            (
                SELECT c.emitter_id AS emitter, ifNull(c.emitter_sequence, 0) AS sequence
                FROM routescope.calls AS c
                WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime} AND c.emitter_sequence IS NOT NULL
                UNION ALL
                SELECT a.emitter_id AS emitter, ifNull(a.emitter_sequence, 0) AS sequence
                FROM routescope.attempts AS a
                WHERE a.started_at >= {from:DateTime} AND a.started_at < {to:DateTime} AND a.emitter_sequence IS NOT NULL
            )
            GROUP BY emitter
        )
    ) AS missing_spans,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time
ORDER BY time
