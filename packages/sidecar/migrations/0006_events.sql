-- Everything the product knows that is not a count: what was changed, and what people decided about it.
-- The same event sent again (same id) is stored once: read with FINAL.
CREATE TABLE IF NOT EXISTS routescope.events
(
    id String COMMENT 'the same id is the same event; given by the sender, or a hash of the event',
    kind LowCardinality(String) COMMENT 'deploy, route_table, price, breaker, budget, pin, accept, silence, limit, alarm, claim, notice',
    at DateTime64(6, 'UTC') COMMENT 'when it happened or takes effect',
    since Nullable(DateTime64(6, 'UTC')) COMMENT 'what it speaks of began then: the alarm''s change, the new normal, the pinned period',
    until Nullable(DateTime64(6, 'UTC')) COMMENT 'and ended or ends then: the silence, the pinned period',
    environment LowCardinality(String) COMMENT 'where; empty: everywhere',
    service LowCardinality(String),
    tag LowCardinality(String) COMMENT 'which job; empty: all',
    model LowCardinality(String) COMMENT 'which first-choice model; empty: all',
    signal LowCardinality(String) COMMENT 'what drifts: fallback, latency, cost, score:<rubric>, override, routing; empty: all, and of a pin fallback',
    name LowCardinality(String) COMMENT 'what changed: a version, a provider, a budget, a series',
    state LowCardinality(String) COMMENT 'what it is now: open, half_open, closed; warned, exceeded; opened, sent …',
    text String COMMENT 'one sentence for people',
    by LowCardinality(String) COMMENT 'who or what said so',
    numbers Map(LowCardinality(String), Float64) COMMENT 'its figures by name, units in the name',
    details String COMMENT 'more, as JSON',
    recorded_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
PARTITION BY toYYYYMM(at)
ORDER BY (kind, environment, tag, at, id)
SETTINGS non_replicated_deduplication_window = 10000;
