-- The arms of each experiment: how many, how good, how dear, how slow. Intervals are 95 %. The chance of a split is that of
-- one at least as uneven, were the arms even (normal approximation); it counts sessions, since people are assigned and not
-- calls. For arms that are not meant to be even, `routescope routes experiment NAME --shares` asks with the shares.
WITH
    count() OVER (PARTITION BY c.experiment) AS arms
SELECT
    {from:DateTime} AS time,
    c.experiment AS experiment,
    c.arm AS arm,
    count() / sum(count()) OVER (PARTITION BY c.experiment) AS arm_share,
    erfc(abs(arm_sessions - experiment_sessions / arms) / nullIf(sqrt(experiment_sessions * (1 / arms) * (1 - 1 / arms)), 0) / sqrt(2)) AS split_chance,
    avg(r.score) AS mean_score,
    greatest(avg(r.score) - 1.96 * stddevSamp(r.score) / sqrt(count(r.score)), min(r.score)) AS low_score,
    least(avg(r.score) + 1.96 * stddevSamp(r.score) / sqrt(count(r.score)), max(r.score)) AS high_score,
    toFloat64(sum(c.cost_usd)) / nullIf(count(c.cost_usd), 0) AS cost_per_call_usd,
    countIf(c.checked AND c.fallback_count > 0) / nullIf(countIf(c.checked), 0) AS fallback_rate,
    quantile(0.95)(c.duration_s) AS p95_s,
    count(r.score) AS scores,
    count(c.cost_usd) AS priced_calls,
    countIf(c.checked) AS checked_calls,
    count() AS arm_calls,
    sum(count()) OVER (PARTITION BY c.experiment) AS calls,
    uniqExactIf(c.session_id, c.session_id != '') AS arm_sessions,
    sum(arm_sessions) OVER (PARTITION BY c.experiment) AS experiment_sessions
FROM routescope.calls AS c
LEFT JOIN
(
    SELECT s.call_id AS call_id, toNullable(avg(s.value)) AS score
    FROM routescope.scores AS s FINAL
    WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
        AND s.name NOT IN ('shown', 'human_override')
        AND s.value IS NOT NULL
    GROUP BY call_id
) AS r ON r.call_id = c.call_id
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
    AND c.experiment != ''
GROUP BY experiment, arm
ORDER BY experiment, arm
