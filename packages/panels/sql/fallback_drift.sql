-- The drift detector's evidence that a tag's fallback rate rose, as a part of what it takes for an alarm: 1 and more is
-- one. Of a tag with several first choices of model, the one with the most.
SELECT
    d.tag AS tag,
    toFloat64(max(d.evidence_minutes / d.threshold_minutes)) AS value
FROM
(
    {include drift}
) AS d
WHERE d.question = 'rise'
GROUP BY tag
ORDER BY tag
