-- The door: records of the spool (spool.proto) come in through a table that keeps nothing, and views take them on.
-- Column names and types are those of the record; `value` beside the variants is the oneof's name, filled by
-- input_format_protobuf_oneof_presence with the variant that was set, so that 0, false and '' are told from absent.
CREATE TABLE IF NOT EXISTS routescope.otlp_in
(
    resource Tuple(attributes Array(Tuple(key LowCardinality(String), value {AnyValue}))),
    scope Tuple(name LowCardinality(String), version LowCardinality(String)),
    span Tuple(
        trace_id FixedString(16),
        span_id FixedString(8),
        trace_state String,
        parent_span_id String,
        name LowCardinality(String),
        kind Int32,
        start_time_unix_nano UInt64,
        end_time_unix_nano UInt64,
        attributes Array(Tuple(key LowCardinality(String), value {AnyValue})),
        events Array(Tuple(time_unix_nano UInt64, name LowCardinality(String), attributes Array(Tuple(key LowCardinality(String), value {AnyValue})))),
        links Array(Tuple(trace_id String, span_id String, trace_state String, attributes Array(Tuple(key LowCardinality(String), value {AnyValue})))),
        status Tuple(message String, code Int32)),
    log Tuple(
        time_unix_nano UInt64,
        attributes Array(Tuple(key LowCardinality(String), value {AnyValue})),
        trace_id String,
        span_id String,
        observed_time_unix_nano UInt64),
    received_at_unix_nano UInt64
)
ENGINE = Null;

-- The OpenTelemetry Collector's layout, so that Grafana's trace view and other tools read it unchanged.
CREATE TABLE IF NOT EXISTS routescope.otel_traces
(
    Timestamp DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
    TraceId String,
    SpanId String,
    ParentSpanId String,
    TraceState String,
    SpanName LowCardinality(String),
    SpanKind LowCardinality(String),
    ServiceName LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String),
    ScopeName String,
    ScopeVersion String,
    SpanAttributes Map(LowCardinality(String), String),
    Duration UInt64 CODEC(T64, LZ4),
    StatusCode LowCardinality(String),
    StatusMessage String,
    Events Nested(Timestamp DateTime64(9, 'UTC'), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)),
    Links Nested(TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- Attribute values become text as the Collector writes them: arrays as JSON, bytes as base64.
-- Variants travel as parallel arrays: a lambda over whole tuples copies each of them and takes twice the time.
CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.otel_traces_from_otlp TO routescope.otel_traces AS
WITH
    (variant, s, i, d, b, list, kvlist, bytes) -> multiIf(
        variant = 'string_value', s,
        variant = 'int_value', toString(i),
        variant = 'double_value', toString(d),
        variant = 'bool_value', if(b, 'true', 'false'),
        variant = 'array_value', concat('[', arrayStringConcat(arrayMap(
            item -> multiIf(
                item.value = 'string_value', toJSONString(item.string_value),
                item.value = 'int_value', toString(item.int_value),
                item.value = 'double_value', toString(item.double_value),
                item.value = 'bool_value', if(item.bool_value, 'true', 'false'),
                'null'), list), ','), ']'),
        variant = 'bytes_value', base64Encode(bytes),
        variant = 'kvlist_value', base64Encode(kvlist),
        '') AS text,
    v -> arrayMap(text, v.value, v.string_value, v.int_value, v.double_value, v.bool_value, v.array_value.values, v.kvlist_value, v.bytes_value) AS texts,
    a -> mapFromArrays(a.key, texts(a.value)) AS attributes
SELECT
    fromUnixTimestamp64Nano(toInt64(span.start_time_unix_nano), 'UTC') AS Timestamp,
    lower(hex(span.trace_id)) AS TraceId,
    lower(hex(span.span_id)) AS SpanId,
    lower(hex(span.parent_span_id)) AS ParentSpanId,
    span.trace_state AS TraceState,
    span.name AS SpanName,
    ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'][span.kind + 1] AS SpanKind,
    ResourceAttributes['service.name'] AS ServiceName,
    attributes(resource.attributes) AS ResourceAttributes,
    scope.name AS ScopeName,
    scope.version AS ScopeVersion,
    attributes(span.attributes) AS SpanAttributes,
    if(span.end_time_unix_nano > span.start_time_unix_nano, span.end_time_unix_nano - span.start_time_unix_nano, 0) AS Duration,
    ['Unset', 'Ok', 'Error'][span.status.code + 1] AS StatusCode,
    span.status.message AS StatusMessage,
    arrayMap(t -> fromUnixTimestamp64Nano(toInt64(t), 'UTC'), span.events.time_unix_nano) AS `Events.Timestamp`,
    span.events.name AS `Events.Name`,
    arrayMap(a -> attributes(a), span.events.attributes) AS `Events.Attributes`,
    arrayMap(id -> lower(hex(id)), span.links.trace_id) AS `Links.TraceId`,
    arrayMap(id -> lower(hex(id)), span.links.span_id) AS `Links.SpanId`,
    span.links.trace_state AS `Links.TraceState`,
    arrayMap(a -> attributes(a), span.links.attributes) AS `Links.Attributes`
FROM routescope.otlp_in
WHERE span.span_id != toFixedString('', 8); -- else the record is a log's

-- When a trace began and ended, so that a look-up by trace id prunes by time. Read with GROUP BY TraceId.
CREATE TABLE IF NOT EXISTS routescope.otel_traces_trace_id_ts
(
    TraceId String,
    Start SimpleAggregateFunction(min, DateTime('UTC')),
    End SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfWeek(Start)
ORDER BY TraceId
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.otel_traces_trace_id_ts_from_traces TO routescope.otel_traces_trace_id_ts AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
FROM routescope.otel_traces
GROUP BY TraceId;
