-- Whose cost is known. An unpriced attempt is missing from every sum of money.
SELECT
    {from:DateTime} AS time,
    m.provider AS provider,
    m.request_model AS request_model,
    (sum(m.attempts) - sum(m.unpriced)) / sum(m.attempts) AS priced_share,
    toUInt64(sum(m.attempts) - sum(m.unpriced)) AS priced_attempts,
    sum(m.attempts) AS attempts,
    sum(m.input_tokens) AS input_tokens,
    sum(m.output_tokens) AS output_tokens,
    if(priced_attempts = 0, NULL, sum(m.cost_usd)) AS cost_usd
FROM routescope.attempts_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY provider, request_model
ORDER BY priced_share, attempts DESC, request_model
