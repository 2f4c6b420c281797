-- What became of the spans of each sidecar since its process started, by target, as it told last. Set aside is what the
-- target will not get: refused by it, of far-off time, given up for age or lag, left out by its filter.
SELECT
    toDateTime(said_at, 'UTC') AS time,
    sidecar,
    toString(target) AS target,
    formatDateTime(started_at, '%Y-%m-%d %H:%i') AS started,
    formatDateTime(said_at, '%Y-%m-%d %H:%i:%S') AS told,
    received,
    stored,
    duplicate,
    rejected,
    queued,
    set_aside,
    toInt64(received) - toInt64(stored + duplicate + rejected + queued + set_aside) AS unaccounted
FROM
(
    SELECT l.sidecar AS sidecar, l.target AS target, l.started_at AS started_at, l.said_at AS said_at, l.received AS received,
        l.stored AS stored, l.duplicate AS duplicate, l.rejected AS rejected, l.queued AS queued, l.set_aside AS set_aside
    FROM routescope.ledger_1m AS l
    WHERE (l.sidecar, l.started_at) IN (SELECT n.sidecar, max(n.started_at) FROM routescope.ledger_1m AS n GROUP BY n.sidecar)
    ORDER BY l.said_at DESC
    LIMIT 1 BY l.sidecar, l.target
)
ORDER BY sidecar, target
