-- How often a cheap answer was wrong, of those that somebody looked at. With Wilson's 95 % interval.
WITH
    countIf(c.is_wrong) AS k,
    count() AS n
SELECT
    {from:DateTime} AS time,
    c.tag AS tag,
    k / n AS misclassified_share,
    greatest(0, ((k / n + 1.9208 / n) - 1.96 * sqrt(k / n * (1 - k / n) / n + 0.9604 / pow(n, 2))) / (1 + 3.8416 / n)) AS low_misclassified_share,
    least(1, ((k / n + 1.9208 / n) + 1.96 * sqrt(k / n * (1 - k / n) / n + 0.9604 / pow(n, 2))) / (1 + 3.8416 / n)) AS high_misclassified_share,
    k AS misclassified_calls,
    n AS judged_calls
FROM
(
    {include judged}
) AS c
WHERE c.is_cheap AND c.is_judged
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
GROUP BY tag
ORDER BY misclassified_share DESC, tag
