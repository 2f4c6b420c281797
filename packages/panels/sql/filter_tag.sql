-- What a screen can be narrowed to: the values that the range holds.
SELECT
    m.tag AS value,
    if(m.tag = '', '(none)', m.tag) AS text
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
GROUP BY value
ORDER BY value
