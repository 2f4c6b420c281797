-- Everything that was reported or found: deploys, changes, breakers, budgets, alarms and what people decided on them; not
-- the watch's own notes of limits it learned and whom it told.
SELECT
    toDateTime(e.at) AS time,
    e.kind AS kind,
    e.tag AS tag,
    e.name AS name,
    e.state AS state,
    e.text AS text,
    dateDiff('second', e.at, {to:DateTime}) AS ago_s
FROM routescope.events AS e FINAL
WHERE e.kind NOT IN ('limit', 'notice', 'claim')
    AND e.at >= {from:DateTime} AND e.at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR e.environment = '' OR has({environment:Array(String)}, e.environment))
    AND (empty({tag:Array(String)}) OR e.tag = '' OR has({tag:Array(String)}, e.tag))
ORDER BY e.at DESC
LIMIT 100
