-- Verdicts that come later: evaluations, feedback, human overrides. The call's tag, tier, model and time stand on the
-- row, so that no panel joins. Scoring again by the same scorer replaces: read with FINAL.
CREATE TABLE IF NOT EXISTS routescope.scores
(
    environment LowCardinality(String),
    service LowCardinality(String),
    tag LowCardinality(String),
    tier LowCardinality(String),
    model LowCardinality(String),
    session_id String,
    trace_id String,
    call_id String,
    call_started_at DateTime64(6, 'UTC'),
    name LowCardinality(String) COMMENT 'the rubric; shown and human_override are the product''s own',
    value Nullable(Float64),
    label LowCardinality(String),
    scorer LowCardinality(String) COMMENT 'who or what judged',
    explanation String,
    scored_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(scored_at)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tag, name, toStartOfHour(call_started_at), call_id, scorer)
SETTINGS non_replicated_deduplication_window = 1000;
