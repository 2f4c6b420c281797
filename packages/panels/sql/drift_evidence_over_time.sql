-- How near each first choice of model was to an alarm: what the watch found at its looks, ten minutes apart, and the
-- detector's word on fallbacks at the end of the range. 1 is an alarm; of several looks in a point the highest.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(at) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    signal,
    tag,
    first_model,
    question,
    max(evidence / threshold) AS part_of_alarm,
    argMax(evidence, evidence / threshold) AS evidence_weeks,
    argMax(threshold, evidence / threshold) AS alarm_from_weeks
FROM
(
    SELECT
        v.slot AS at,
        v.signal AS signal,
        v.environment AS environment,
        v.tag AS tag,
        v.first_model AS first_model,
        v.question AS question,
        v.evidence_weeks AS evidence,
        v.threshold_weeks AS threshold
    FROM routescope.drift_evidence_10m AS v FINAL
    WHERE v.slot >= {from:DateTime} AND v.slot < {to:DateTime}
    UNION ALL
    SELECT
        {to:DateTime} - toIntervalSecond(1) AS at,
        d.signal AS signal,
        d.environment AS environment,
        d.tag AS tag,
        d.first_model AS first_model,
        d.question AS question,
        d.evidence_weeks AS evidence,
        d.threshold_minutes / 10080 AS threshold
    FROM
    (
        {include drift}
    ) AS d
) AS e
WHERE (empty({environment:Array(String)}) OR has({environment:Array(String)}, e.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, e.tag))
GROUP BY time, signal, tag, first_model, question
ORDER BY time, signal, tag, first_model, question
