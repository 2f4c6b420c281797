-- What the drift detector counts. A unit is a session where calls say which one they are of, and a call where they do
-- not: it is tried once, at the session's first call, and goes wrong once: falls back, or passes its limit, for the first
-- time; or that first call is sent to the model whose share is watched. (Calls of a session fail together; counted one by
-- one they would look like news.)

-- Limits of the signals that are numbers, each frozen on a key's first days and valid from `since` until the next one.
CREATE VIEW IF NOT EXISTS routescope.drift_limits AS
SELECT
    toString(e.signal) AS signal,
    e.environment AS environment,
    e.tag AS tag,
    e.model AS first_model,
    assumeNotNull(e.since) AS since,
    -- Of two that were frozen at once the first holds.
    argMin(e.numbers['limit'], (e.recorded_at, e.numbers['limit'])) AS limit
FROM routescope.events AS e FINAL
WHERE e.kind = 'limit' AND e.since IS NOT NULL
GROUP BY signal, environment, tag, first_model, since;

-- Those numbers. What a fallback takes and costs is told by fallbacks, once: time and cost are of calls without one. What a
-- session has cost is known as it grows; the first choice of model stands for the key, and where
-- people or other models judged, the model that answered. A verdict of a later day counts at the end of its call's.
CREATE VIEW IF NOT EXISTS routescope.drift_values AS
SELECT
    'latency' AS signal,
    toDate(c.started_at) AS day,
    c.environment AS environment,
    c.tag AS tag,
    c.first_model AS first_model,
    c.session_id AS session_id,
    c.call_id AS call_id,
    c.started_at AS at,
    c.duration_s AS value
FROM routescope.calls AS c
WHERE c.outcome IN ('accepted', 'rejected') AND c.fallback_count = 0
UNION ALL
SELECT 'cost' AS signal, day, environment, tag, first_model, session_id, moment.2 AS call_id, moment.1 AS at, moment.3 AS value
FROM
(
    SELECT
        toDate(c.started_at) AS day,
        c.environment AS environment,
        c.tag AS tag,
        c.first_model AS first_model,
        c.session_id AS session_id,
        arraySort(groupArray((c.started_at, c.call_id, toFloat64(assumeNotNull(c.cost_usd))))) AS costs
    FROM routescope.calls AS c
    WHERE c.cost_usd IS NOT NULL AND c.fallback_count = 0
    GROUP BY day, environment, tag, first_model, session_id, if(c.session_id = '', c.call_id, '')
)
ARRAY JOIN arrayZip(costs.1, costs.2, arrayCumSum(costs.3)) AS moment
UNION ALL
SELECT
    if(s.name IN ('shown', 'human_override'), 'override', concat('score:', s.name)) AS signal,
    toDate(s.call_started_at) AS day,
    s.environment AS environment,
    s.tag AS tag,
    s.model AS first_model,
    s.session_id AS session_id,
    s.call_id AS call_id,
    if(signal = 'override', greatest(s.call_started_at, least(s.scored_at, toDateTime64(day + 1, 6, 'UTC') - toIntervalSecond(1))), s.call_started_at) AS at,
    if(s.name = 'shown', 0, assumeNotNull(s.value)) AS value
FROM routescope.scores AS s FINAL
WHERE s.name = 'shown' OR s.value IS NOT NULL;

-- A row says how many units of a key were tried at a moment, and how many went wrong.
CREATE VIEW IF NOT EXISTS routescope.unit_moments AS
SELECT
    'fallback' AS signal,
    toDate(c.minute) AS day,
    c.environment AS environment,
    c.tag AS tag,
    c.first_model AS first_model,
    c.minute AS at,
    c.checked - c.session_checked AS n,
    c.fallbacks - c.session_fallbacks AS k,
    0 AS s
FROM routescope.calls_1m AS c
WHERE c.checked > c.session_checked
UNION ALL
-- Of where a table sends units first, every model has its share. What an experiment or a spent budget sends is no word
-- of the table; what passed over a deployment that was not to be asked is a unit, and sent to none. Only where there
-- is something to decide, or was that day.
SELECT
    'routing' AS signal,
    day,
    environment,
    tag,
    sent.1 AS first_model,
    toDateTime(sent.2 * 60, 'UTC') AS at,
    sent.4 AS n,
    if(sent.3 = sent.1, n, 0) AS k,
    sent.5 AS s
FROM
(
    SELECT
        day,
        environment,
        tag,
        arrayFilter(model -> model != '', groupUniqArray(sent_to)) AS models,
        groupArray((m, sent_to, n, s)) AS minutes
    FROM
    (
        SELECT day, environment, tag, decided.1 AS route_version, decided.2 AS sent_to, m, max(decided.3) AS has_policy, toInt64(count()) AS n, toInt64(sum(is_session)) AS s
        FROM
        (
            SELECT
                toDate(c.started_at) AS day,
                c.environment AS environment,
                c.tag AS tag,
                c.session_id != '' AS is_session,
                toUInt32(intDiv(toUnixTimestamp(min(c.started_at)), 60)) AS m,
                argMin((c.route_version, if(c.diverted_count = 0, c.first_model, ''), c.policy IN ('rules', 'classifier', 'hybrid')), (c.started_at, c.call_id)) AS decided
            FROM routescope.calls AS c
            WHERE c.route_version != '' AND c.first_model != '' AND c.experiment = '' AND c.route_reason != 'budget'
            GROUP BY day, environment, tag, c.session_id, if(c.session_id = '', c.call_id, '')
        )
        GROUP BY day, environment, tag, route_version, sent_to, m
    )
    GROUP BY day, environment, tag, route_version
    HAVING length(models) > 1 OR max(has_policy)
)
ARRAY JOIN arrayFlatten(arrayMap(model -> arrayMap(x -> (model, x.1, x.2, x.3, x.4), minutes), models)) AS sent
UNION ALL
SELECT
    signal,
    day,
    environment,
    tag,
    first_model,
    toDateTime(moment.1, 'UTC') AS at,
    moment.2 AS n,
    moment.3 AS k,
    moment.2 * is_session AS s
FROM
(
    SELECT
        'fallback' AS signal,
        u.day AS day,
        u.environment AS environment,
        u.tag AS tag,
        u.first_model AS first_model,
        1 AS is_session,
        min(u.first_call_at) AS tried,
        min(u.first_fallback_at) AS gone_wrong
    FROM routescope.session_units AS u
    GROUP BY day, environment, tag, first_model, u.session_id
    UNION ALL
    SELECT
        v.signal AS signal,
        v.day AS day,
        v.environment AS environment,
        v.tag AS tag,
        v.first_model AS first_model,
        v.session_id != '' AS is_session,
        min(v.at) AS tried,
        minIf(toNullable(v.at), if(startsWith(v.signal, 'score:'), v.value < l.limit, v.value > l.limit)) AS gone_wrong
    FROM routescope.drift_values AS v
    ASOF INNER JOIN routescope.drift_limits AS l
        ON l.signal = v.signal AND l.environment = v.environment AND l.tag = v.tag AND l.first_model = v.first_model AND v.at >= l.since
    GROUP BY signal, day, environment, tag, first_model, v.session_id, if(v.session_id = '', v.call_id, '')
)
ARRAY JOIN if(gone_wrong IS NULL, [(tried, 1, 0)], [(tried, 1, 0), (assumeNotNull(gone_wrong), 0, 1)]) AS moment;

CREATE VIEW IF NOT EXISTS routescope.units_1m AS
SELECT
    signal,
    day,
    environment,
    tag,
    first_model,
    toUInt32(intDiv(toUnixTimestamp(at), 60)) AS m,
    sum(n) AS units,
    sum(k) AS fallbacks,
    sum(s) AS session_units
FROM routescope.unit_moments
GROUP BY signal, day, environment, tag, first_model, m;

-- A day of a key, by minutes and by quarter hours.
CREATE VIEW IF NOT EXISTS routescope.units_1d_of_minutes AS
SELECT
    day,
    signal,
    environment,
    tag,
    first_model,
    toUInt64(sum(n)) AS units,
    toUInt64(sum(s)) AS session_units,
    sumResample(0, 1440, 1)(n, m)::Array(UInt32) AS minute_units,
    sumResample(0, 1440, 1)(k, m)::Array(UInt32) AS minute_fallbacks,
    sumResample(0, 1440, 15)(n, m)::Array(UInt32) AS quarter_units,
    sumResample(0, 1440, 15)(k, m)::Array(UInt32) AS quarter_fallbacks
FROM (SELECT *, intDiv(toUnixTimestamp(at), 60) % 1440 AS m FROM routescope.unit_moments)
GROUP BY signal, day, environment, tag, first_model;

-- Days that are over, kept as computed by the view above, so that a look does not count a month of sessions. It is a
-- cache: a day that is not among `settled_days` is read from the view, with the same result.
CREATE TABLE IF NOT EXISTS routescope.units_1d
(
    day Date,
    signal LowCardinality(String),
    environment LowCardinality(String),
    tag LowCardinality(String),
    first_model LowCardinality(String),
    units UInt64,
    session_units UInt64,
    minute_units Array(UInt32) CODEC(ZSTD(1)),
    minute_fallbacks Array(UInt32) CODEC(ZSTD(1)),
    quarter_units Array(UInt32) CODEC(ZSTD(1)),
    quarter_fallbacks Array(UInt32) CODEC(ZSTD(1)),
    cost_usd Float64 COMMENT 'of all calls of the day, checked or not',
    settled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(settled_at)
PARTITION BY toYYYYMM(day)
ORDER BY (signal, day, environment, tag, first_model)
SETTINGS non_replicated_deduplication_window = 10000;

-- When each version of a key was first seen on a day, once it had a hundredth of the calls of an hour that is over. (Of
-- the hour that is not, nobody knows yet.) Kept in the same way.
CREATE VIEW IF NOT EXISTS routescope.versions_1d_of_hours AS
SELECT
    toDate(hour) AS day,
    environment,
    tag,
    first_model,
    what,
    version,
    min(first_at) AS first_at
FROM
(
    SELECT
        v.hour AS hour,
        v.environment AS environment,
        v.tag AS tag,
        v.first_model AS first_model,
        v.what AS what,
        v.version AS version,
        min(v.first_at) AS first_at,
        sum(v.calls) AS some,
        sum(some) OVER (PARTITION BY environment, tag, first_model, what, hour) AS all
    FROM routescope.versions_1h AS v
    WHERE NOT (v.what = 'validation_version' AND v.version = '')
    GROUP BY hour, environment, tag, first_model, what, version
)
WHERE some >= 0.01 * all
GROUP BY day, environment, tag, first_model, what, version;

CREATE TABLE IF NOT EXISTS routescope.versions_1d
(
    day Date,
    environment LowCardinality(String),
    tag LowCardinality(String),
    first_model LowCardinality(String),
    what LowCardinality(String) COMMENT 'route_version, prompt_version, service_version, validation_version',
    version LowCardinality(String),
    first_at DateTime64(6, 'UTC'),
    settled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(settled_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, environment, tag, first_model, what, version)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS routescope.settled_days
(
    day Date,
    signal LowCardinality(String),
    counted String COMMENT 'how much the day held when it was settled, and by which limits; other by now: settle it again',
    settled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(settled_at)
ORDER BY (signal, day)
SETTINGS non_replicated_deduplication_window = 10000;
