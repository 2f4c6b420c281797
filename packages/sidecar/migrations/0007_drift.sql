-- What the drift detector counts. A unit is a session where calls say which one they are of, and a call where they do
-- not: it is tried once, at the session's first call, and falls back once, at the session's first fallback. (Calls of a
-- session fail together; counted one by one they would look like news.)
CREATE VIEW IF NOT EXISTS routescope.units_1m AS
SELECT
    day,
    environment,
    tag,
    first_model,
    toUInt32(intDiv(toUnixTimestamp(at), 60)) AS m,
    sum(n) AS units,
    sum(k) AS fallbacks,
    sum(s) AS session_units
FROM
(
    SELECT
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
    SELECT
        day,
        environment,
        tag,
        first_model,
        toDateTime(moment.1, 'UTC') AS at,
        moment.2 AS n,
        moment.3 AS k,
        moment.2 AS s
    FROM
    (
        SELECT
            u.day AS day,
            u.environment AS environment,
            u.tag AS tag,
            u.first_model AS first_model,
            min(u.first_call_at) AS called,
            min(u.first_fallback_at) AS fell_back
        FROM routescope.session_units AS u
        GROUP BY day, environment, tag, first_model, u.session_id
    )
    ARRAY JOIN if(fell_back IS NULL, [(called, 1, 0)], [(called, 1, 0), (assumeNotNull(fell_back), 0, 1)]) AS moment
)
GROUP BY day, environment, tag, first_model, m;

-- A day of a key: its minutes, and the same by quarter hours.
CREATE VIEW IF NOT EXISTS routescope.units_1d_of_minutes AS
SELECT
    day,
    environment,
    tag,
    first_model,
    toUInt64(sum(u.units)) AS units,
    toUInt64(sum(u.session_units)) AS session_units,
    groupArrayInsertAt(0, 1440)(toUInt32(u.units), u.m % 1440) AS minute_units,
    groupArrayInsertAt(0, 1440)(toUInt32(u.fallbacks), u.m % 1440) AS minute_fallbacks,
    arrayMap(x -> toUInt32(x), arrayPopFront(arrayDifference(arrayPushFront(arrayFilter((x, i) -> i % 15 = 0, arrayCumSum(minute_units), range(1, 1441)), 0)))) AS quarter_units,
    arrayMap(x -> toUInt32(x), arrayPopFront(arrayDifference(arrayPushFront(arrayFilter((x, i) -> i % 15 = 0, arrayCumSum(minute_fallbacks), range(1, 1441)), 0)))) AS quarter_fallbacks
FROM routescope.units_1m AS u
GROUP BY day, environment, tag, first_model;

-- Days that are over, kept as computed by the view above, so that a look does not count a month of sessions. It is a
-- cache: a day that is not among `settled_days` is read from the view, with the same result.
CREATE TABLE IF NOT EXISTS routescope.units_1d
(
    day Date,
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
ORDER BY (day, environment, tag, first_model)
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
    counted UInt64 COMMENT 'calls of the day when it was settled; more since then: settle it again',
    settled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(settled_at)
ORDER BY day
SETTINGS non_replicated_deduplication_window = 10000;
