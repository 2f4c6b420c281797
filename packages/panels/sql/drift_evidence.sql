-- Has a first choice of model changed: how sure is that (in weeks: so long a healthy one takes to show as much), when did
-- it begin, and from which rate to which? Judged at the end of the range by the drift detector.
SELECT
    {to:DateTime} AS time,
    d.tag AS tag,
    d.first_model AS first_model,
    d.question AS question,
    d.unit AS unit,
    formatDateTime(d.began_at, '%Y-%m-%d %H:%i') AS began,
    formatDateTime(d.began_from, '%Y-%m-%d %H:%i') AS not_before,
    formatDateTime(d.began_to, '%Y-%m-%d %H:%i') AS not_after,
    toFloat64(d.evidence_minutes / d.threshold_minutes) AS part_of_alarm,
    toFloat64(d.evidence_weeks) AS evidence_weeks,
    toFloat64(d.threshold_minutes / 10080) AS alarm_from_weeks,
    d.rate_before AS before_fallback_rate,
    d.rate_after AS after_fallback_rate,
    toFloat64(d.units_before) AS units_before,
    toFloat64(d.units_after) AS units_after
FROM
(
    {include drift}
) AS d
WHERE (empty({environment:Array(String)}) OR has({environment:Array(String)}, d.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, d.tag))
ORDER BY part_of_alarm DESC, tag, first_model, question
