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

-- Evaluation results that come as log records (gen_ai.evaluation.result), by the conventions' attributes and ours. The
-- span that was judged is the call, unless the log names the call. The explanation is content and mostly cut before.
CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.scores_from_otlp TO routescope.scores AS
WITH
    (variant, s, i, d, b) -> multiIf(
        variant = 'string_value', s,
        variant = 'int_value', toString(i),
        variant = 'double_value', toString(d),
        variant = 'bool_value', if(b, '1', '0'),
        '') AS text,
    (a, key) -> arrayFirst(
        (value, name) -> name = key,
        arrayMap(text, a.value.value, a.value.string_value, a.value.int_value, a.value.double_value, a.value.bool_value),
        a.key) AS of,
    if(log.time_unix_nano > 0, log.time_unix_nano, if(log.observed_time_unix_nano > 0, log.observed_time_unix_nano, received_at_unix_nano)) AS at
SELECT
    of(resource.attributes, 'deployment.environment.name') AS environment,
    of(resource.attributes, 'service.name') AS service,
    of(log.attributes, 'routescope.tag') AS tag,
    of(log.attributes, 'routescope.tier.name') AS tier,
    coalesce(nullIf(of(log.attributes, 'gen_ai.response.model'), ''), of(log.attributes, 'gen_ai.request.model')) AS model,
    of(log.attributes, 'gen_ai.conversation.id') AS session_id,
    lower(hex(log.trace_id)) AS trace_id,
    coalesce(nullIf(of(log.attributes, 'routescope.call.id'), ''), lower(hex(log.span_id))) AS call_id,
    fromUnixTimestamp64Nano(toInt64(at), 'UTC') AS call_started_at,
    of(log.attributes, 'gen_ai.evaluation.name') AS name,
    toFloat64OrNull(of(log.attributes, 'gen_ai.evaluation.score.value')) AS value,
    of(log.attributes, 'gen_ai.evaluation.score.label') AS label,
    coalesce(nullIf(of(log.attributes, 'routescope.scorer'), ''), scope.name) AS scorer,
    of(log.attributes, 'gen_ai.evaluation.explanation') AS explanation,
    fromUnixTimestamp64Nano(toInt64(at), 'UTC') AS scored_at
FROM routescope.otlp_in
WHERE span.span_id = toFixedString('', 8);
