-- One trace in the columns that Grafana's trace panel knows, so that people without Explore can see it too.
SELECT
    t.TraceId AS traceID,
    t.SpanId AS spanID,
    t.ParentSpanId AS parentSpanID,
    t.ServiceName AS serviceName,
    t.SpanName AS operationName,
    toUnixTimestamp64Milli(t.Timestamp) AS startTime,
    t.Duration / 1e6 AS duration,
    arrayMap(key -> map('key', key, 'value', t.SpanAttributes[key]), mapKeys(t.SpanAttributes)) AS tags,
    arrayMap(key -> map('key', key, 'value', t.ResourceAttributes[key]), mapKeys(t.ResourceAttributes)) AS serviceTags,
    if(t.StatusCode = 'Error', 2, 0) AS statusCode
FROM routescope.otel_traces AS t
WHERE t.TraceId = {trace_id:String}
    AND t.Timestamp >= (SELECT min(Start) FROM routescope.otel_traces_trace_id_ts WHERE TraceId = {trace_id:String})
    AND t.Timestamp <= (SELECT max(End) + toIntervalSecond(1) FROM routescope.otel_traces_trace_id_ts WHERE TraceId = {trace_id:String})
ORDER BY t.Timestamp
LIMIT 1000
