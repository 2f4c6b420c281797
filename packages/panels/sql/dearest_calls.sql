-- How much of the money goes to few calls: the dearest 5 and 10 of a hundred that have a price.
WITH
    arrayReverseSort(groupArray(toFloat64(c.cost_usd))) AS costs,
    arraySum(costs) AS all_costs
SELECT
    {from:DateTime} AS time,
    arraySum(arraySlice(costs, 1, toUInt32(ceil(0.05 * length(costs))))) / nullIf(all_costs, 0) AS dearest_5_percent_cost_share,
    arraySum(arraySlice(costs, 1, toUInt32(ceil(0.1 * length(costs))))) / nullIf(all_costs, 0) AS dearest_10_percent_cost_share,
    costs[1] AS dearest_call_cost_usd,
    costs[intDiv(length(costs) + 1, 2)] AS median_call_cost_usd,
    count() AS priced_calls
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
    AND c.cost_usd IS NOT NULL
HAVING priced_calls > 0
