-- What the sidecar says of itself, for screens that can ask ClickHouse and nothing else.

-- Its ledger: what became of the spans since the process started, the last word of each minute in which it changed.
-- received = duplicate + rejected + stored + queued + set_aside.
CREATE TABLE IF NOT EXISTS routescope.ledger_1m
(
    minute DateTime('UTC'),
    sidecar String COMMENT 'the name of its spool, which survives restarts',
    started_at DateTime64(3, 'UTC') COMMENT 'of the process that counted',
    target LowCardinality(String) COMMENT 'clickhouse, or a forward target by its name',
    received UInt64 COMMENT 'in requests that were answered with 200, and found in the spool at start',
    duplicate UInt64 COMMENT 'received before; dropped',
    rejected UInt64 COMMENT 'without usable ids; the sender was told',
    stored UInt64 COMMENT 'reached the target',
    queued UInt64 COMMENT 'on disk, on their way to the target',
    set_aside UInt64 COMMENT 'will not reach it: refused by it, of far-off time, given up for age or lag, left out by its filter',
    said_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(said_at)
PARTITION BY toYYYYMM(minute)
ORDER BY (sidecar, target, minute)
SETTINGS non_replicated_deduplication_window = 1000;

-- What the watch found at its looks, one row of each ten minutes for each key and question: evidence over time would
-- otherwise be the detector's query once for every point.
CREATE TABLE IF NOT EXISTS routescope.drift_evidence_10m
(
    slot DateTime('UTC'),
    signal LowCardinality(String) COMMENT 'what drifts: fallback, latency, cost, score:<rubric>, override, routing',
    environment LowCardinality(String),
    tag LowCardinality(String),
    first_model LowCardinality(String),
    question LowCardinality(String) COMMENT 'rise, fall; of an open alarm rise_recovery, fall_recovery',
    evidence_weeks Float64,
    threshold_weeks Float64 COMMENT 'evidence from which on it is an alarm',
    is_open Bool COMMENT 'an alarm was open',
    judged_at DateTime('UTC') COMMENT 'the minute that was judged'
)
ENGINE = ReplacingMergeTree(judged_at)
PARTITION BY toYYYYMM(slot)
ORDER BY (signal, environment, tag, first_model, question, slot)
SETTINGS non_replicated_deduplication_window = 1000;
