/** The tables of scores, and how evaluation results become rows of them. */

/** What the views over log records read them with: `of(log.attributes, 'name')` as text, and `at`. */
const ofLog = `    (variant, s, i, d, b) -> multiIf(
        variant = 'string_value', s,
        variant = 'int_value', toString(i),
        variant = 'double_value', toString(d),
        variant = 'bool_value', if(b, '1', '0'),
        '') AS text,
    (a, key) -> arrayFirst(
        (value, name) -> name = key,
        arrayMap(text, a.value.value, a.value.string_value, a.value.int_value, a.value.double_value, a.value.bool_value),
        a.key) AS of,
    if(log.time_unix_nano > 0, log.time_unix_nano, if(log.observed_time_unix_nano > 0, log.observed_time_unix_nano, received_at_unix_nano)) AS at`;

/** What was judged, by whom. */
const verdict = `    of(log.attributes, 'gen_ai.evaluation.name') AS name,
    toFloat64OrNull(of(log.attributes, 'gen_ai.evaluation.score.value')) AS value,
    of(log.attributes, 'gen_ai.evaluation.score.label') AS label,
    coalesce(nullIf(of(log.attributes, 'routescope.scorer'), ''), scope.name) AS scorer,
    of(log.attributes, 'routescope.score.id') AS score_id,
    of(log.attributes, 'gen_ai.evaluation.explanation') AS explanation`;

export const scoresMigration =
  (): string => `-- Verdicts that come later: evaluations, feedback, human overrides. The call's tag, tier, model and time stand on the
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
    score_id String COMMENT 'tells several scores of one name by one scorer apart; empty: the newest replaces',
    explanation String,
    correction String COMMENT 'what a human wrote instead; only where the app sent it on purpose',
    scored_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(scored_at)
PARTITION BY toYYYYMM(call_started_at)
ORDER BY (tag, name, toStartOfHour(call_started_at), call_id, scorer, score_id)
SETTINGS non_replicated_deduplication_window = 10000;

-- Evaluation results that come as log records (gen_ai.evaluation.result), by the conventions' attributes and ours. The
-- span that was judged is the call, unless the log names the call. The explanation is content and mostly cut before.
CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.scores_from_otlp TO routescope.scores AS
WITH
${ofLog}
SELECT
    of(resource.attributes, 'deployment.environment.name') AS environment,
    of(resource.attributes, 'service.name') AS service,
    of(log.attributes, 'routescope.tag') AS tag,
    of(log.attributes, 'routescope.tier.name') AS tier,
    coalesce(nullIf(of(log.attributes, 'gen_ai.response.model'), ''), of(log.attributes, 'gen_ai.request.model')) AS model,
    of(log.attributes, 'gen_ai.conversation.id') AS session_id,
    lower(hex(log.trace_id)) AS trace_id,
    coalesce(nullIf(of(log.attributes, 'routescope.call.id'), ''), lower(hex(log.span_id))) AS call_id,
    if(of(log.attributes, 'routescope.call.started_at') = '', fromUnixTimestamp64Nano(toInt64(at), 'UTC'), fromUnixTimestamp64Micro(toInt64(1000 * toFloat64OrZero(of(log.attributes, 'routescope.call.started_at'))), 'UTC')) AS call_started_at,
${verdict},
    '' AS correction,
    fromUnixTimestamp64Nano(toInt64(at), 'UTC') AS scored_at
FROM routescope.otlp_in
WHERE span.span_id = toFixedString('', 8) AND (tag != '' OR of(log.attributes, 'routescope.call.started_at') != '');

-- Scores that name their call by id alone wait here for it: the call's row brings them into \`scores\` when it comes.
CREATE TABLE IF NOT EXISTS routescope.scores_early
(
    call_id String,
    name LowCardinality(String),
    value Nullable(Float64),
    label LowCardinality(String),
    scorer LowCardinality(String),
    score_id String,
    explanation String,
    correction String,
    scored_at DateTime64(6, 'UTC'),
    received_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(scored_at)
ORDER BY (call_id, name, scorer, score_id)
TTL received_at + INTERVAL 7 DAY
-- On a cluster every shard puts its part of an insert in here, under one token; what comes twice replaces itself.
SETTINGS non_replicated_deduplication_window = 0;

-- Evaluation results that say nothing of the call but its span, as others' instrumentations send them.
CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.scores_early_from_otlp TO routescope.scores_early AS
WITH
${ofLog}
SELECT
    coalesce(nullIf(of(log.attributes, 'routescope.call.id'), ''), lower(hex(log.span_id))) AS call_id,
${verdict},
    fromUnixTimestamp64Nano(toInt64(at), 'UTC') AS scored_at
FROM routescope.otlp_in
WHERE span.span_id = toFixedString('', 8) AND of(log.attributes, 'routescope.tag') = '' AND of(log.attributes, 'routescope.call.started_at') = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.scores_from_early TO routescope.scores AS
SELECT
    c.environment AS environment,
    c.service AS service,
    c.tag AS tag,
    c.final_tier AS tier,
    c.final_model AS model,
    c.session_id AS session_id,
    c.trace_id AS trace_id,
    c.call_id AS call_id,
    c.started_at AS call_started_at,
    e.name AS name,
    e.value AS value,
    e.label AS label,
    e.scorer AS scorer,
    e.score_id AS score_id,
    e.explanation AS explanation,
    e.correction AS correction,
    e.scored_at AS scored_at
FROM routescope.calls AS c
INNER JOIN routescope.scores_early AS e ON e.call_id = c.call_id;
`;
