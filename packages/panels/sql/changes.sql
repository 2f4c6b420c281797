-- What was changed, to be drawn on every chart: events that were reported, and versions that appeared without one.
-- The versions that were there from the start are no change.
SELECT time, title, text, tags
FROM
(
    SELECT
        toDateTime(e.at, 'UTC') AS time,
        toString(e.name) AS title,
        e.text AS text,
        toString(e.tag) AS tags
    FROM routescope.events AS e FINAL
    WHERE e.kind = {kind:String}
        AND e.at >= {from:DateTime} AND e.at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR e.environment = '' OR has({environment:Array(String)}, e.environment))
    UNION ALL
    SELECT
        toDateTime(min(v.first_at), 'UTC') AS time,
        toString(v.version) AS title,
        concat('First call with ', v.what, ' ', v.version, '.') AS text,
        '' AS tags
    FROM routescope.versions_1h AS v
    WHERE v.what = multiIf({kind:String} = 'deploy', 'service_version', {kind:String} = 'route_table', 'route_version', '')
        AND v.version != ''
        AND v.version NOT IN (SELECT e.name FROM routescope.events AS e WHERE e.kind = {kind:String})
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, v.environment))
    GROUP BY v.what, v.version
    HAVING time >= {from:DateTime} AND time < {to:DateTime}
        AND time > (SELECT min(v.first_at) + toIntervalHour(1) FROM routescope.versions_1h AS v)
)
ORDER BY time, title
