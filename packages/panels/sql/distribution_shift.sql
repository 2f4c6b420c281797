-- By how much the share of one tier in a tag's calls moved, where it moved most: the last hour against the seven days
-- before it, under the route table of now (a change of the table is meant to move it). 0 below thirty calls in the hour
-- or two hundred before, and within four standard errors on the arcsine scale.
SELECT
    tag,
    max(ifNull(if(recent_calls >= 30 AND earlier_calls >= 200 AND standard_errors >= 4, abs(recent_share - earlier_share), 0), 0)) AS value
FROM
(
    SELECT
        tag,
        sum(recent) OVER (PARTITION BY tag) AS recent_calls,
        sum(earlier) OVER (PARTITION BY tag) AS earlier_calls,
        recent / nullIf(recent_calls, 0) AS recent_share,
        earlier / nullIf(earlier_calls, 0) AS earlier_share,
        ifNull(2 * abs(asin(sqrt(recent_share)) - asin(sqrt(earlier_share))) / sqrt(1 / recent_calls + 1 / earlier_calls), 0) AS standard_errors
    FROM
    (
        SELECT
            m.tag AS tag,
            m.final_tier AS tier,
            sumIf(m.calls, m.minute >= {to:DateTime} - toIntervalHour(1)) AS recent,
            sumIf(m.calls, m.minute < {to:DateTime} - toIntervalHour(1)) AS earlier
        FROM routescope.calls_1m AS m
        INNER JOIN
        (
            SELECT m.tag AS tag, argMax(m.route_version, m.minute) AS route_version
            FROM routescope.calls_1m AS m
            WHERE m.minute >= {to:DateTime} - toIntervalDay(7) AND m.minute < {to:DateTime}
            GROUP BY tag
        ) AS newest ON newest.tag = m.tag AND newest.route_version = m.route_version
        WHERE m.minute >= {to:DateTime} - toIntervalDay(7) AND m.minute < {to:DateTime}
        GROUP BY tag, tier
    )
)
GROUP BY tag
ORDER BY tag
