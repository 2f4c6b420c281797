-- What routing did, by whatever is asked for: money net of escalations, retries, classifiers and judges against the
-- baseline; how much starts at tier 0; how often a cheap answer was wrong; what deciding took.
SELECT
    arrayMap(name -> multiIf(
        name = 'tag', c.tag,
        name = 'tier', c.first_tier,
        name = 'feature', c.feature,
        name = 'user_segment', c.user_segment,
        name = 'version', c.route_version,
        name = 'arm', c.arm,
        name = 'policy', c.policy,
        name = 'reason', c.route_reason,
        ''), {by:Array(String)}) AS key,
    count() AS calls,
    countIf(c.first_tier_rank = 0) AS tier0_calls,
    countIf(c.first_tier_rank IS NOT NULL) AS routed_calls,
    countIf(c.cost_usd IS NOT NULL AND c.baseline_cost_usd IS NOT NULL) AS compared_calls,
    toFloat64(sumIf(c.cost_usd, c.baseline_cost_usd IS NOT NULL)) AS cost_usd,
    toFloat64(sumIf(ifNull(c.decision_cost_usd, 0) + ifNull(c.validation_cost_usd, 0), c.cost_usd IS NOT NULL AND c.baseline_cost_usd IS NOT NULL)) AS routing_cost_usd,
    toFloat64(sumIf(c.baseline_cost_usd, c.cost_usd IS NOT NULL)) AS baseline_cost_usd,
    countIf(is_cheap AND is_judged) AS judged_calls,
    countIf(is_cheap AND is_judged AND is_wrong) AS misclassified_calls,
    quantileIf(0.5)(ifNull(c.decision_s, 0), c.decision_s IS NOT NULL) AS p50_decision_s,
    quantileIf(0.95)(ifNull(c.decision_s, 0), c.decision_s IS NOT NULL) AS p95_decision_s,
    countIf(c.diverted_count > 0) AS diverted_calls
FROM
(
    {include judged}
) AS c
GROUP BY key
ORDER BY calls DESC, key
LIMIT 1000
