-- What a screen can be narrowed to: the values that the range holds.
SELECT
    m.route_version AS value,
    if(m.route_version = '', '(none)', m.route_version) AS text
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
GROUP BY value
ORDER BY value
