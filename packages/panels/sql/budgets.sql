-- What the budgets said: warned, exceeded.
SELECT
    toDateTime(e.at) AS time,
    e.name AS budget,
    e.tag AS tag,
    e.state AS state,
    e.text AS text,
    e.numbers['spent_usd'] AS spent_usd,
    e.numbers['limit_usd'] AS limit_usd
FROM routescope.events AS e FINAL
WHERE e.kind = 'budget'
    AND e.at >= {from:DateTime} AND e.at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR e.environment = '' OR has({environment:Array(String)}, e.environment))
    AND (empty({tag:Array(String)}) OR e.tag = '' OR has({tag:Array(String)}, e.tag))
ORDER BY e.at DESC
LIMIT 50
