-- Two versions of the route table, per session: what it spends, and how long its calls take one after the other.
SELECT
    version,
    count() AS sessions,
    avg(session_cost_usd) AS cost_per_session_usd,
    quantile(0.5)(session_s) AS p50_session_s,
    quantile(0.95)(session_s) AS p95_session_s
FROM
(
    SELECT
        c.route_version AS version,
        c.session_id AS session,
        toFloat64(sum(c.cost_usd)) AS session_cost_usd,
        sum(c.duration_s) AS session_s
    FROM routescope.calls AS c
    WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
        AND c.route_version IN ({before:String}, {after:String})
        AND c.session_id != ''
    GROUP BY version, session
)
GROUP BY version
ORDER BY version
