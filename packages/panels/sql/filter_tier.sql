-- What a screen can be narrowed to: the values that the range holds.
SELECT
    m.final_tier AS value,
    if(m.final_tier = '', '(none)', m.final_tier) AS text
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
GROUP BY value
ORDER BY value
