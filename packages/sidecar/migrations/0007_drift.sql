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

-- The same by half hours, with the second moments that the scatter of quarter hours is computed from: Σk², Σkn, Σn².
CREATE VIEW IF NOT EXISTS routescope.units_30m_of_minutes AS
SELECT
    day,
    environment,
    tag,
    first_model,
    intDiv(m15, 2) * 30 AS m,
    sum(n) AS units,
    sum(k) AS fallbacks,
    sum(s) AS session_units,
    sum(k * k) AS kk,
    sum(k * n) AS kn,
    sum(n * n) AS nn
FROM
(
    SELECT
        day,
        environment,
        tag,
        first_model,
        intDiv(u.m, 15) AS m15,
        toFloat64(sum(u.units)) AS n,
        toFloat64(sum(u.fallbacks)) AS k,
        toFloat64(sum(u.session_units)) AS s
    FROM routescope.units_1m AS u
    GROUP BY day, environment, tag, first_model, m15
)
GROUP BY day, environment, tag, first_model, m;

-- Days that are over, kept as computed by the view above, so that a look does not read a month of sessions. It is a
-- cache: a day that is not among `settled_days` is read from the view, with the same result.
CREATE TABLE IF NOT EXISTS routescope.units_30m
(
    day Date,
    environment LowCardinality(String),
    tag LowCardinality(String),
    first_model LowCardinality(String),
    m UInt32 COMMENT 'epoch minute at which the half hour begins',
    units Float64,
    fallbacks Float64,
    session_units Float64,
    kk Float64,
    kn Float64,
    nn Float64,
    settled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(settled_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, environment, tag, first_model, m)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS routescope.settled_days
(
    day Date,
    counted UInt64 COMMENT 'checked calls of the day when it was settled; more since then: settle it again',
    settled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(settled_at)
ORDER BY day
SETTINGS non_replicated_deduplication_window = 1000;
