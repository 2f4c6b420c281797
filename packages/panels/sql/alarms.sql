-- Alarms of the watch as they were opened and closed, and what people decided about them, to be drawn on a chart.
SELECT
    toDateTime(e.at, 'UTC') AS time,
    concat(if(e.kind = 'alarm', concat(if(e.signal IN ('', 'fallback'), '', concat(e.signal, ' ')), e.name, ' ', e.state), multiIf(e.kind = 'accept', 'accepted', e.kind = 'pin', 'pinned', 'silenced')), ': ', if(e.tag = '', 'all tags', e.tag)) AS title,
    e.text AS text,
    toString(e.tag) AS tags
FROM routescope.events AS e FINAL
WHERE e.kind IN ('alarm', 'accept', 'pin', 'silence')
    AND e.at >= {from:DateTime} AND e.at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR e.environment = '' OR has({environment:Array(String)}, e.environment))
    AND (empty({tag:Array(String)}) OR e.tag = '' OR has({tag:Array(String)}, e.tag))
ORDER BY e.at, title
