-- One minute is one row per combination of the key: the source of every panel and alert.
-- Sums are plain (SimpleAggregateFunction), money keeps its digits, percentiles are t-digests, sessions are counted once.

CREATE TABLE IF NOT EXISTS routescope.attempts_1m
(
    minute DateTime('UTC'),
    environment LowCardinality(String),
    tag LowCardinality(String),
    tier LowCardinality(String),
    tier_rank Nullable(UInt16),
    provider LowCardinality(String),
    request_model LowCardinality(String),
    attempts SimpleAggregateFunction(sum, UInt64),
    rejected SimpleAggregateFunction(sum, UInt64),
    failed SimpleAggregateFunction(sum, UInt64),
    canceled SimpleAggregateFunction(sum, UInt64),
    unpriced SimpleAggregateFunction(sum, UInt64),
    input_tokens SimpleAggregateFunction(sum, UInt64),
    output_tokens SimpleAggregateFunction(sum, UInt64),
    cache_read_tokens SimpleAggregateFunction(sum, UInt64),
    cache_write_tokens SimpleAggregateFunction(sum, UInt64),
    cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    duration_s AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64),
    time_to_first_chunk_s AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (tag, minute, environment, tier, tier_rank, provider, request_model)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.attempts_1m_from_attempts TO routescope.attempts_1m AS
SELECT
    toStartOfMinute(a.started_at) AS minute,
    a.environment AS environment,
    a.tag AS tag,
    a.tier AS tier,
    a.tier_rank AS tier_rank,
    a.provider AS provider,
    a.request_model AS request_model,
    count() AS attempts,
    countIf(a.outcome = 'rejected') AS rejected,
    countIf(a.outcome = 'failed') AS failed,
    countIf(a.outcome = 'canceled') AS canceled,
    countIf(a.cost_usd IS NULL) AS unpriced,
    sum(ifNull(a.input_tokens, 0)) AS input_tokens,
    sum(ifNull(a.output_tokens, 0)) AS output_tokens,
    sum(ifNull(a.cache_read_tokens, 0)) AS cache_read_tokens,
    sum(ifNull(a.cache_write_tokens, 0)) AS cache_write_tokens,
    sum(ifNull(a.cost_usd, 0)) AS cost_usd,
    quantilesTDigestState(0.5, 0.95, 0.99)(a.duration_s) AS duration_s,
    quantilesTDigestStateIf(0.5, 0.95, 0.99)(ifNull(a.time_to_first_chunk_s, 0), a.time_to_first_chunk_s IS NOT NULL) AS time_to_first_chunk_s
FROM routescope.attempts AS a
GROUP BY minute, environment, tag, tier, tier_rank, provider, request_model;

CREATE TABLE IF NOT EXISTS routescope.calls_1m
(
    minute DateTime('UTC'),
    environment LowCardinality(String),
    tag LowCardinality(String),
    route_version LowCardinality(String),
    first_tier LowCardinality(String),
    first_model LowCardinality(String),
    final_tier LowCardinality(String),
    final_tier_rank Nullable(UInt16),
    final_model LowCardinality(String),
    calls SimpleAggregateFunction(sum, UInt64),
    checked SimpleAggregateFunction(sum, UInt64) COMMENT 'calls whose first answer came from a tier below the top and got a verdict',
    fallbacks SimpleAggregateFunction(sum, UInt64) COMMENT 'checked calls with a fallback',
    failovers SimpleAggregateFunction(sum, UInt64) COMMENT 'calls with a failover',
    rejected SimpleAggregateFunction(sum, UInt64),
    failed SimpleAggregateFunction(sum, UInt64),
    canceled SimpleAggregateFunction(sum, UInt64),
    priced SimpleAggregateFunction(sum, UInt64) COMMENT 'calls with a known cost',
    cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    compared SimpleAggregateFunction(sum, UInt64) COMMENT 'calls with both a known cost and a known baseline cost',
    compared_cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) COMMENT 'cost of the compared calls, with what deciding and checking took',
    baseline_cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) COMMENT 'baseline cost of the compared calls',
    session_calls SimpleAggregateFunction(sum, UInt64) COMMENT 'calls that belong to a session',
    session_priced SimpleAggregateFunction(sum, UInt64) COMMENT 'of those, calls with a known cost',
    session_cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)) COMMENT 'cost of the calls that belong to a session',
    session_checked SimpleAggregateFunction(sum, UInt64) COMMENT 'checked calls that belong to a session',
    session_fallbacks SimpleAggregateFunction(sum, UInt64) COMMENT 'of those, calls with a fallback',
    sessions AggregateFunction(uniq, String),
    duration_s AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (tag, minute, environment, route_version, first_tier, first_model, final_tier, final_tier_rank, final_model)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.calls_1m_from_calls TO routescope.calls_1m AS
SELECT
    toStartOfMinute(c.started_at) AS minute,
    c.environment AS environment,
    c.tag AS tag,
    c.route_version AS route_version,
    c.first_tier AS first_tier,
    c.first_model AS first_model,
    c.final_tier AS final_tier,
    c.final_tier_rank AS final_tier_rank,
    c.final_model AS final_model,
    count() AS calls,
    countIf(c.checked) AS checked,
    countIf(c.checked AND c.fallback_count > 0) AS fallbacks,
    countIf(c.failover_count > 0) AS failovers,
    countIf(c.outcome = 'rejected') AS rejected,
    countIf(c.outcome = 'failed') AS failed,
    countIf(c.outcome = 'canceled') AS canceled,
    countIf(c.cost_usd IS NOT NULL) AS priced,
    sum(ifNull(c.cost_usd, 0)) AS cost_usd,
    countIf(c.cost_usd IS NOT NULL AND c.baseline_cost_usd IS NOT NULL) AS compared,
    sumIf(ifNull(c.cost_usd, 0) + ifNull(c.decision_cost_usd, 0) + ifNull(c.validation_cost_usd, 0), c.cost_usd IS NOT NULL AND c.baseline_cost_usd IS NOT NULL) AS compared_cost_usd,
    sumIf(ifNull(c.baseline_cost_usd, 0), c.cost_usd IS NOT NULL) AS baseline_cost_usd,
    countIf(c.session_id != '') AS session_calls,
    countIf(c.session_id != '' AND c.cost_usd IS NOT NULL) AS session_priced,
    sumIf(ifNull(c.cost_usd, 0), c.session_id != '') AS session_cost_usd,
    countIf(c.checked AND c.session_id != '') AS session_checked,
    countIf(c.checked AND c.session_id != '' AND c.fallback_count > 0) AS session_fallbacks,
    uniqStateIf(c.session_id, c.session_id != '') AS sessions,
    quantilesTDigestState(0.5, 0.95, 0.99)(c.duration_s) AS duration_s
FROM routescope.calls AS c
GROUP BY minute, environment, tag, route_version, first_tier, first_model, final_tier, final_tier_rank, final_model;

-- One unit per session, day, tag and first model: the first of a session is not additive in a rollup of minutes. A session
-- that lasts for days counts once a day, so that a day's units are whole when the day is over.
CREATE TABLE IF NOT EXISTS routescope.session_units
(
    day Date,
    environment LowCardinality(String),
    tag LowCardinality(String),
    first_model LowCardinality(String),
    session_id String,
    first_call_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    first_fallback_at SimpleAggregateFunction(min, Nullable(DateTime64(6, 'UTC'))),
    calls SimpleAggregateFunction(sum, UInt64),
    fallbacks SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, environment, tag, first_model, session_id)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.session_units_from_calls TO routescope.session_units AS
SELECT
    toDate(c.started_at) AS day,
    c.environment AS environment,
    c.tag AS tag,
    c.first_model AS first_model,
    c.session_id AS session_id,
    min(c.started_at) AS first_call_at,
    minIf(toNullable(c.started_at), c.fallback_count > 0) AS first_fallback_at,
    count() AS calls,
    countIf(c.fallback_count > 0) AS fallbacks
FROM routescope.calls AS c
WHERE c.checked AND c.session_id != ''
GROUP BY day, environment, tag, first_model, session_id;

-- Which version of what was running, hour by hour: the first appearance of one is a release.
CREATE TABLE IF NOT EXISTS routescope.versions_1h
(
    hour DateTime('UTC'),
    environment LowCardinality(String),
    tag LowCardinality(String),
    first_model LowCardinality(String),
    what LowCardinality(String) COMMENT 'route_version, prompt_version, service_version, validation_version',
    version LowCardinality(String),
    first_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    calls SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (environment, tag, first_model, what, version, hour)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.versions_1h_from_calls TO routescope.versions_1h AS
SELECT
    toStartOfHour(c.started_at) AS hour,
    c.environment AS environment,
    c.tag AS tag,
    c.first_model AS first_model,
    what,
    version,
    min(c.started_at) AS first_at,
    count() AS calls
FROM routescope.calls AS c
ARRAY JOIN
    ['route_version', 'prompt_version', 'service_version', 'validation_version'] AS what,
    [toString(c.route_version), toString(c.prompt_version), toString(c.service_version), toString(c.validation_version)] AS version
GROUP BY hour, environment, tag, first_model, what, version;
