-- Has the fallback rate of a key (environment, tag, first-choice model) changed? One row per key and question:
--   rise, fall                      against everything accepted before;
--   rise_recovery, fall_recovery    of an open alarm: is the rate on its way back?
-- `evidence_minutes` is how long a healthy key takes, on average, to show as much; it is an alarm from
-- `threshold_minutes` on. Everything is computed from counts before `to` and from rows of `events`: the same question
-- asked again gets the same answer. Derived in docs/drift.md; its twin in TypeScript is packages/sidecar/src/watch/.
--
-- One chain of steps, each table read once. Times are epoch minutes (m_…). A key's counts are dense arrays: [day][half
-- hour] of the lookback, and minutes of the last two days.
WITH
    toInt64(intDiv(toUnixTimestamp({to:DateTime}), 60)) AS m_now,
    intDiv(m_now - 360, 5) * 5 AS m_minutes,
    intDiv(m_now - 2880, 30) * 30 AS m_fives,
    intDiv(m_now - 10080, 240) * 240 AS m_halves,
    intDiv(m_now - 40320, 240) * 240 AS m_begin,
    intDiv(m_begin, 1440) AS first_day,
    (
        SELECT groupArray((kind, environment, tag, model, name, state,
            intDiv(toInt64(toUnixTimestamp(at)), 60) AS m, intDiv(toInt64(toUnixTimestamp(coalesce(since, at))), 60), numbers['units'], numbers['fallbacks']))
        FROM (SELECT * FROM routescope.events FINAL WHERE at < toDateTime({to:DateTime}) AND kind IN ('deploy', 'route_table', 'pin', 'accept', 'alarm') ORDER BY at)
    ) AS all_events,

    -- Fine rows, oldest first: half hours, then minutes; and which of them begin a bucket, the coarser the older.
    fine_rows AS (SELECT arrayConcat(range(m_begin, m_fives, 30), range(m_fives, m_now)) AS fine),
    begun AS (SELECT fine, arrayMap(t -> t % multiIf(t >= m_minutes, 1, t >= m_fives, 5, t >= m_halves, 30, 240) = 0, fine) AS begins FROM fine_rows),
    grid AS (SELECT arrayReverse(begins) AS is_bucket, arrayReverse(arrayFilter((t, b) -> b, fine, begins)) AS at FROM begun),

    -- Half hours of the lookback: settled days from the cache, the others counted now.
    halves AS
    (
        SELECT environment, tag, first_model, day, toInt64(m) AS m, units, fallbacks, session_units, kk, kn, nn
        FROM routescope.units_30m FINAL
        WHERE day >= toDate(toDateTime(m_begin * 60, 'UTC')) AND m >= m_begin AND m < m_now AND day IN (SELECT day FROM routescope.settled_days)
        UNION ALL
        SELECT environment, tag, first_model, day, toInt64(m) AS m, units, fallbacks, session_units, kk, kn, nn
        FROM routescope.units_30m_of_minutes
        WHERE day >= toDate(toDateTime(m_begin * 60, 'UTC')) AND day <= toDate(toDateTime(m_now * 60, 'UTC')) AND m >= m_begin AND m < m_now
          AND day NOT IN (SELECT day FROM routescope.settled_days)
    ),
    days AS
    (
        SELECT environment, tag, first_model, intDiv(m, 1440) - first_day AS d, sum(session_units) AS s, sum(units) AS units_,
            groupArrayInsertAt(0., 48)(units, h) AS n, groupArrayInsertAt(0., 48)(fallbacks, h) AS k,
            groupArrayInsertAt(0., 48)(kk, h) AS kk, groupArrayInsertAt(0., 48)(kn, h) AS kn, groupArrayInsertAt(0., 48)(nn, h) AS nn
        FROM (SELECT *, toUInt32(intDiv(m, 30) % 48) AS h FROM halves)
        GROUP BY environment, tag, first_model, d
    ),
    keys AS
    (
        SELECT environment, tag, first_model, sum(s) AS all_s, sum(units_) AS ever_n,
            groupArrayInsertAt(arrayWithConstant(48, 0.), 30)(n, toUInt32(d)) AS n, groupArrayInsertAt(arrayWithConstant(48, 0.), 30)(k, toUInt32(d)) AS k,
            groupArrayInsertAt(arrayWithConstant(48, 0.), 30)(kk, toUInt32(d)) AS kk, groupArrayInsertAt(arrayWithConstant(48, 0.), 30)(kn, toUInt32(d)) AS kn, groupArrayInsertAt(arrayWithConstant(48, 0.), 30)(nn, toUInt32(d)) AS nn
        FROM days
        GROUP BY environment, tag, first_model
    ),
    minutes AS
    (
        SELECT environment, tag, first_model, groupArrayInsertAt(0., 2910)(toFloat64(units), toUInt32(m - m_fives)) AS minute_n, groupArrayInsertAt(0., 2910)(toFloat64(fallbacks), toUInt32(m - m_fives)) AS minute_k
        FROM routescope.units_1m
        WHERE day >= toDate(toDateTime(m_fives * 60, 'UTC')) AND day <= toDate(toDateTime(m_now * 60, 'UTC')) AND m >= m_fives AND m < m_now
        GROUP BY environment, tag, first_model
    ),
    -- Releases: the first minute of a version that was not there from the start, once it has a hundredth of the calls of
    -- an hour that is over. (Of the hour that is not, nobody knows yet.)
    versions AS
    (
        SELECT environment, tag, first_model, groupArrayIf((what, m), began > earliest) AS releases
        FROM
        (
            SELECT environment, tag, first_model, what, version, min(first_at) AS began, intDiv(toInt64(toUnixTimestamp(began)), 60) AS m,
                min(began) OVER (PARTITION BY environment, tag, first_model, what) AS earliest
            FROM
            (
                SELECT environment, tag, first_model, what, version, hour, min(first_at) AS first_at, sum(calls) AS some, sum(some) OVER (PARTITION BY environment, tag, first_model, what, hour) AS all
                FROM routescope.versions_1h
                WHERE NOT (what = 'validation_version' AND version = '')
                GROUP BY environment, tag, first_model, what, version, hour
            )
            WHERE first_at < toDateTime(m_now * 60) AND (some >= 0.01 * all OR toUnixTimestamp(hour) > (m_now - 60) * 60)
            GROUP BY environment, tag, first_model, what, version
        )
        GROUP BY environment, tag, first_model
    ),
    costs AS
    (
        SELECT environment, tag, first_model, toFloat64(sum(cost_usd)) AS cost
        FROM routescope.calls_1m
        WHERE minute >= toDateTime((m_now - 10080) * 60) AND minute < toDateTime(m_now * 60)
        GROUP BY environment, tag, first_model
    ),

    -- What was decided about a key: the last acceptance, the alarms' lives. A new validator is a new series.
    told AS
    (
        SELECT *,
            arrayFilter(e -> (e.2 = '' OR e.2 = environment) AND (e.3 = '' OR e.3 = tag) AND (e.4 = '' OR e.4 = first_model), all_events) AS events,
            arrayFilter(e -> e.1 = 'alarm' AND e.6 != 'opened', events) AS closings,
            arrayFilter(e -> e.1 = 'alarm' AND e.5 = 'rise', events)[-1] AS rise,
            arrayFilter(e -> e.1 = 'alarm' AND e.5 = 'fall', events)[-1] AS fall,
            arrayConcat(
                arrayMap(e -> (e.7, 0, e.8), arrayFilter(e -> e.1 = 'accept', events)),
                arrayMap(e -> (e.7, 1, e.8), arrayFilter(e -> e.6 = 'accepted', closings)),
                arrayMap(r -> (r.2, 0, r.2), arrayFilter(r -> r.1 = 'validation_version', releases))) AS decisions,
            arrayMap(e -> (intDiv(e.8, 30) * 30, intDiv(e.7 + 29, 30) * 30), arrayFilter(e -> e.6 = 'recovered', closings)) AS excluded,
            arrayConcat(arrayMap(e -> e.7, arrayFilter(e -> e.1 IN ('deploy', 'route_table'), events)), arrayMap(r -> r.2, releases)) AS marked
        FROM keys
        LEFT JOIN minutes USING (environment, tag, first_model)
        LEFT JOIN versions USING (environment, tag, first_model)
        LEFT JOIN costs USING (environment, tag, first_model)
    ),
    decided AS
    (
        SELECT environment, tag, first_model, n, k, kk, kn, nn, minute_n, minute_k, excluded, rise, fall,
            if(all_s = 0, 'call', if(all_s = ever_n, 'session', 'mixed')) AS unit,
            if(empty(decisions), 0, intDiv(arraySort(decisions)[-1].3, 30) * 30) AS m_accepted,
            arrayMax(arrayConcat([0], arrayMap(x -> x.1, decisions), arrayMap(e -> e.7, closings))) AS m_restart,
            arrayFilter(e -> e.1 = 'pin' AND e.7 >= m_accepted, events) AS pins,
            arraySum(e -> e.9, pins) AS given_n, arraySum(e -> e.10, pins) AS given_k,
            least(1, 5000 / greatest(given_k, 1)) * given_n AS pinned_n, least(1, 5000 / greatest(given_k, 1)) * given_k AS pinned_k,
            -- The promise is a key's own, or its part of the one over all: half for what it costs, half for being there.
            (if(sum(cost) OVER () > 0, cost / sum(cost) OVER (), 1 / count() OVER ()) + 1 / count() OVER ()) / 2 AS share,
            greatest({weeks_per_tag:Float64}, {weeks_in_all:Float64} / share) * 10080 / 2 AS threshold,
            -- Markers of one half hour are one; those of a week share what a few get.
            arraySort(arrayDistinct(arrayMap(m -> intDiv(m, 30), marked))) AS marked_halves,
            arrayMap(h -> (arrayMin(arrayFilter(m -> intDiv(m, 30) = h, marked)),
                {marker_share:Float64} * threshold * least(1, {markers_per_week:Float64} / arrayCount(o -> o <= h AND o >= h - 336, marked_halves))), marked_halves) AS markers
        FROM told
    ),
    -- The baseline's counts, without what was before it and without incidents that are over.
    kept AS
    (
        SELECT *,
            arrayMap(i -> (i + first_day * 48) * 30, range(1440)) AS half_at,
            if(m_accepted <= m_begin AND empty(excluded), arrayWithConstant(1440, 1),
                arrayMap(m -> m >= m_accepted AND NOT arrayExists(p -> m >= p.1 AND m < p.2, excluded), half_at)) AS is_kept,
            arrayMap((x, y) -> x * y, arrayFlatten(n), is_kept) AS half_n, arrayMap((x, y) -> x * y, arrayFlatten(k), is_kept) AS half_k,
            arrayFirstIndex((x, y) -> x > 0 OR y > 0, half_n, half_k) AS first_half,
            (first_day * 48 + first_half - 1) * 30 AS m_first,
            intDiv(m_now - m_first, 1440) AS age_days,
            multiIf(age_days >= 14, age_days - 7, age_days >= 7, 7, greatest(1, intDiv(age_days, 2))) AS learned_days,
            intDiv(m_first, 1440) - first_day AS learned_from
        FROM decided
    ),
    -- What it is learned on: whole days.
    learned AS
    (
        SELECT environment, tag, first_model, half_n, half_k, minute_n, minute_k, excluded, rise, fall, unit, m_restart, pinned_n, pinned_k, threshold, markers, m_first, learned_days,
            learned_from * 48 + 1 AS l_from, learned_days * 48 AS l_length,
            arraySlice(half_n, l_from, l_length) AS ln, arraySlice(half_k, l_from, l_length) AS lk, arraySlice(is_kept, l_from, l_length) AS kept_,
            arrayMap((x, y) -> x * y, arraySlice(arrayFlatten(kk), l_from, l_length), kept_) AS lkk, arrayMap((x, y) -> x * y, arraySlice(arrayFlatten(kn), l_from, l_length), kept_) AS lkn, arrayMap((x, y) -> x * y, arraySlice(arrayFlatten(nn), l_from, l_length), kept_) AS lnn,
            arrayMap(d -> toInt64((first_day + learned_from + d + 3) % 7), range(toUInt32(learned_days))) AS l_weekdays
        FROM kept WHERE first_half > 0
    ),
    -- Relative risk by hour of the day and by weekday; fifteen fallbacks' worth of belief that there is none.
    hourly AS
    (
        SELECT *, arraySum(lk) AS learned_k, if(learned_k > 0, learned_k / arraySum(ln), 0) AS rate,
            -- sumMap leaves out what sums to 0, so each half hour counts one more and two a day are taken off.
            arrayMap(i -> [intDiv(i, 2) % 24], range(toUInt32(l_length))) AS hour_of,
            arrayMap(x -> x - 2 * learned_days, arrayReduce('sumMap', hour_of, arrayMap(x -> [x + 1], lk)).2) AS seen,
            arrayMap(x -> x - 2 * learned_days, arrayReduce('sumMap', hour_of, arrayMap(x -> [x + 1], ln)).2) AS tried
        FROM learned
    ),
    -- An hour is judged with half of its neighbours, since a day is smooth. Risks are drawn towards 1 by as much as their
    -- scatter is what chance makes of none (James and Stein).
    hours AS
    (
        SELECT *,
            arrayPushFront(arrayPopBack(seen), seen[-1]) AS seen0, arrayPushBack(arrayPopFront(seen), seen[1]) AS seen2,
            arrayPushFront(arrayPopBack(tried), tried[-1]) AS tried0, arrayPushBack(arrayPopFront(tried), tried[1]) AS tried2,
            arrayMap((k0, k1, k2) -> k1 + 0.5 * k0 + 0.5 * k2, seen0, seen, seen2) AS near_k,
            arrayMap((n0, n1, n2) -> rate * (n1 + 0.5 * n0 + 0.5 * n2), tried0, tried, tried2) AS near_e,
            arrayMap((n0, n1, n2) -> rate * (n1 + 0.25 * n0 + 0.25 * n2), tried0, tried, tried2) AS chance,
            arraySum((k, e, v) -> if(v > 0, pow(k - e, 2) / v, 0), near_k, near_e, chance) AS hour_scatter
        FROM hourly
    ),
    believed_hours AS
    (
        SELECT *, arrayCount(v -> v > 0, chance) AS busy_hours, if(hour_scatter > busy_hours, 1 - busy_hours / hour_scatter, 0) AS hour_belief
        FROM hours
    ),
    day_risks AS
    (
        SELECT *, arrayFlatten(arrayMap((k, e) -> [1 + hour_belief * ((k + 5) / (e + 5) - 1), 1 + hour_belief * ((k + 5) / (e + 5) - 1)], near_k, near_e)) AS day_risk,
            arrayMap(w -> [w], arrayFlatten(arrayMap(w -> arrayWithConstant(48, w), l_weekdays))) AS weekday_of
        FROM believed_hours
    ),
    by_weekday AS
    (
        SELECT *, arrayReduce('sumMap', weekday_of, arrayMap(x -> [1.], ln)).2 AS ones,
            arrayReduce('sumMap', weekday_of, arrayMap((x, y) -> [x * y + 1], ln, arrayFlatten(arrayMap(d -> day_risk, l_weekdays)))).2 AS week_exposed,
            arrayReduce('sumMap', weekday_of, arrayMap(x -> [x + 1], lk)).2 AS week_seen
        FROM day_risks
    ),
    weekdays AS
    (
        SELECT *, arrayMap((x, one) -> rate * (x - one), week_exposed, ones) AS week_e, arrayMap((x, one) -> x - one, week_seen, ones) AS week_k
        FROM by_weekday
    ),
    believed_weekdays AS
    (
        SELECT *, arraySum((k, e) -> if(e > 0, pow(k - e, 2) / e, 0), week_k, week_e) AS week_scatter, arrayCount(e -> e > 0, week_e) AS busy_days
        FROM weekdays
    ),
    week_risks AS
    (
        SELECT *, if(learned_days >= 14 AND week_scatter > busy_days, 1 - busy_days / week_scatter, 0) AS week_belief,
            if(length(week_e) = 7, arrayMap((k, e) -> 1 + week_belief * ((k + 5) / (e + 5) - 1), week_k, week_e), arrayWithConstant(7, 1.)) AS week_risk
        FROM believed_weekdays
    ),
    learned_risks AS (SELECT *, arrayFlatten(arrayMap(w -> arrayMap(h -> h * week_risk[w + 1], day_risk), l_weekdays)) AS learned_risk FROM week_risks),
    risks AS
    (
        SELECT environment, tag, first_model, half_n, half_k, minute_n, minute_k, excluded, rise, fall, unit, m_restart, pinned_n, pinned_k, threshold, markers, m_first,
            day_risk, week_risk, learned_k, ln, lk, lkk, lkn, lnn, if(learned_k = 0, 0, learned_k / arraySum((x, y) -> x * y, ln, learned_risk)) AS exposed_rate,
            arrayMap(r -> exposed_rate * r, learned_risk) AS expected_rate
        FROM learned_risks
    ),
    -- By how much counts scatter more than chance, in blocks of 15 to 1440 minutes: at least 1, never less than in shorter
    -- blocks, and only where there are twenty blocks to tell it from.
    running AS
    (
        SELECT *, range(1, toUInt32(length(ln)) + 1) AS i, arrayCumSum(arrayMap((r, n) -> r * n, expected_rate, ln)) AS sum_e, arrayCumSum(lk) AS sum_k, arrayCumSum(ln) AS sum_n,
            arraySum((r, kk_, kn_, nn_) -> kk_ - 2 * r * kn_ + r * r * nn_, expected_rate, lkk, lkn, lnn) AS q15, arrayCount((n, k) -> n > 0 OR k > 0, ln, lk) AS busy15
        FROM risks
    ),
    blocks AS
    (
        SELECT *,
            arrayMap(length -> (
                arrayDifference(arrayPushFront(arrayFilter((x, j) -> j % length = 0, sum_e, i), 0)),
                arrayDifference(arrayPushFront(arrayFilter((x, j) -> j % length = 0, sum_k, i), 0)),
                arrayDifference(arrayPushFront(arrayFilter((x, j) -> j % length = 0, sum_n, i), 0))), [2, 8, 48]) AS by_length
        FROM running
    ),
    scatters AS
    (
        SELECT *, arrayPushFront(arrayMap(b -> arraySum((e, k) -> pow(k - e, 2), b.1, b.2), by_length), q15) AS squares,
            arrayPushFront(arrayMap(b -> arrayCount((k, n) -> n > 0 OR k > 0, b.2, b.3), by_length), busy15) AS busy
        FROM blocks
    ),
    dispersed AS
    (
        SELECT environment, tag, first_model, half_n, half_k, minute_n, minute_k, excluded, rise, fall, unit, m_restart, pinned_n, pinned_k, threshold, markers, m_first, day_risk, week_risk,
            arrayMap((q, blocks) -> if(blocks >= 20 AND learned_k > 0, greatest(1, q / learned_k), 1), squares, busy) AS scatter
        FROM scatters
    ),

    -- Buckets, newest first: what has been seen since each of them began.
    counted AS
    (
        SELECT * EXCEPT (minute_n, minute_k, day_risk, week_risk, excluded),
            arrayResize(minute_n, m_now - m_fives, 0.) AS late_n, arrayResize(minute_k, m_now - m_fives, 0.) AS late_k,
            if(empty(excluded), arrayWithConstant(m_now - m_fives, 1), arrayMap(t -> NOT arrayExists(p -> t >= p.1 AND t < p.2, excluded), range(m_fives, m_now))) AS late_kept,
            intDiv(m_begin, 30) - first_day * 48 + 1 AS oldest, intDiv(m_fives - m_begin, 30) AS older,
            arrayFlatten(arrayMap(d -> arrayMap(h -> h * week_risk[(first_day + d + 3) % 7 + 1], day_risk), range(30))) AS half_risk
        FROM dispersed
    ),
    lined_up AS
    (
        SELECT environment, tag, first_model, unit, threshold, rise, fall, m_first, m_restart, pinned_n, pinned_k, scatter, markers,
            arrayConcat(arraySlice(half_n, oldest, older), arrayMap((x, y) -> x * y, late_n, late_kept)) AS n,
            arrayConcat(arraySlice(half_k, oldest, older), arrayMap((x, y) -> x * y, late_k, late_kept)) AS k,
            arrayConcat(arraySlice(half_risk, oldest, older), arraySlice(arrayFlatten(arrayMap(r -> arrayWithConstant(30, r), arraySlice(half_risk, oldest + older, 97))), 1, m_now - m_fives)) AS risk
        FROM counted
    ),
    buckets AS
    (
        SELECT environment, tag, first_model, unit, threshold, rise, fall, m_first, m_restart, pinned_n, pinned_k, at, scatter[1] AS d15, arrayMax(arraySlice(scatter, 1, 2)) AS d60, arrayMax(arraySlice(scatter, 1, 3)) AS d240, arrayMax(scatter) AS d1440,
            arrayPushBack(arrayPopFront(at), at[-1] - 1) AS before,
            arrayFilter((x, b) -> b, arrayCumSum(arrayReverse(n)), is_bucket) AS n1, arrayFilter((x, b) -> b, arrayCumSum(arrayReverse(k)), is_bucket) AS k1,
            arrayFilter((x, b) -> b, arrayCumSum(arrayReverse(arrayMap((x, r) -> x * r, n, risk))), is_bucket) AS e1,
            if(empty(markers), arrayWithConstant(length(at), 0.), arrayMap((t, next) -> arraySum(p -> if(p.1 >= t AND p.1 < next, p.2, 0), markers), at, arrayPushFront(arrayPopBack(at), m_now))) AS marker
        FROM lined_up CROSS JOIN grid
    ),
    -- Against the baseline, and within the incident of every open alarm.
    questions AS
    (
        SELECT * EXCEPT (rise, fall, marker), asked_.1 AS question, asked_.2 AS m_from, asked_.3 AS m_monitor, asked_.4 AS opened, endsWith(question, '_recovery') AS is_recovery,
            if(question IN ('rise', 'fall_recovery'), 1, -1) AS direction, if(is_recovery, arrayWithConstant(length(at), 0.), marker) AS marker
        FROM buckets
        ARRAY JOIN arrayConcat(
            [('rise', 0, greatest(m_first + 1440, m_restart), if(rise.6 = 'opened', rise.7, 0)), ('fall', 0, greatest(m_first + 1440, m_restart), if(fall.6 = 'opened', fall.7, 0))],
            if(rise.6 = 'opened', [('rise_recovery', rise.8, rise.7, rise.7)], []),
            if(fall.6 = 'opened', [('fall_recovery', fall.8, fall.7, fall.7)], [])) AS asked_
    ),
    reached AS
    (
        SELECT *, arrayCount(t -> t >= m_from, at) AS reach,
            n1[reach] + if(is_recovery, 0, pinned_n) AS all_n, k1[reach] + if(is_recovery, 0, pinned_k) AS all_k, e1[reach] + if(is_recovery, 0, pinned_n) AS all_e,
            pow(1 + {wobble:Float64}, direction) AS t,
            pow(0.8 * {multiple:Float64}, direction) AS r1, pow(1.25 * {multiple:Float64}, direction) AS r2, pow(2 * {multiple:Float64}, direction) AS r3, pow(4 * {multiple:Float64}, direction) AS r4
        FROM questions
    ),
    asked AS
    (
        SELECT *,
            -- Trials scatter less than the Poisson counts the ratio is made for: by 1 - rate.
            1 / greatest(1 - all_k / all_e, 0.2) AS sharpness,
            log(r1 / t) AS l1, log(r2 / t) AS l2, log(r3 / t) AS l3, log(r4 / t) AS l4, (r1 - 1) / all_e AS excess1, (r2 - 1) / all_e AS excess2, (r3 - 1) / all_e AS excess3, (r4 - 1) / all_e AS excess4,
            -- A change that began after the bucket before and up to this one leaves the same counts.
            arrayMap((m, b, w) -> if(m < m_monitor, 0, m - greatest(b, m_monitor - 1) + w), at, before, marker) AS weight
        FROM reached
        WHERE all_k > 0 AND all_e > 0
    ),
    powered AS
    (
        SELECT *,
            arrayMap(e -> log(1 + (t - 1) * e / all_e), e1) AS tolerated,
            -- By age up to 15, 60, 240 minutes, and older; in the first hours every minute has its bucket.
            arrayConcat(arrayWithConstant(15, sharpness / d15), arrayWithConstant(45, sharpness / d60), arrayWithConstant(180, sharpness / d240), arrayWithConstant(length(at) - 240, sharpness / d1440)) AS power
        FROM asked
    ),
    weighed AS
    (
        SELECT environment, tag, first_model, unit, threshold, m_first, question, is_recovery, m_from, m_monitor, opened, all_n, all_k, n1, k1, at, before, marker, weight,
            arrayMap((k, e, p, o) ->
                ( exp(least(700, p * (k * l1 - all_k * (log(1 + excess1 * e) - o))))
                + exp(least(700, p * (k * l2 - all_k * (log(1 + excess2 * e) - o))))
                + exp(least(700, p * (k * l3 - all_k * (log(1 + excess3 * e) - o))))
                + exp(least(700, p * (k * l4 - all_k * (log(1 + excess4 * e) - o))))) / 4, k1, e1, power, tolerated) AS ratio
        FROM powered
    ),
    believed AS
    (
        SELECT *, arrayMap((w, r) -> w * r, weight, ratio) AS belief,
            -- As likely as any minute of its bucket, with the marker's belief on top.
            arrayMap((w, r, b) -> if(w = 0, 0, r * (1 + b)), weight, ratio, marker) AS likely
        FROM weighed
    ),
    summed AS (SELECT *, arraySum(belief) AS evidence, arrayCumSum(belief) AS sums, indexOf(likely, arrayMax(likely)) AS best FROM believed),
    found AS
    (
        SELECT *, n1[best] AS n_since, k1[best] AS k_since, at[best] AS m_best, greatest(arrayFirstIndex(b -> b >= 0.05 * evidence, sums), 1) AS newest,
            if(sums[-1] >= 0.95 * evidence, arrayFirstIndex(b -> b >= 0.95 * evidence, sums), toUInt32(length(sums))) AS eldest
        FROM summed
        WHERE evidence > 0
    )
SELECT
    environment,
    tag,
    first_model,
    question,
    evidence AS evidence_minutes,
    evidence / 10080 AS evidence_weeks,
    if(is_recovery, 10080, threshold) AS threshold_minutes,
    evidence >= threshold_minutes AS alarm,
    opened > 0 AS is_open,
    if(opened = 0, NULL, toDateTime(opened * 60, 'UTC')) AS opened_at,
    toDateTime(m_best * 60, 'UTC') AS began_at,
    toDateTime(greatest(before[eldest] + 1, m_monitor) * 60, 'UTC') AS began_from,
    toDateTime(at[newest] * 60, 'UTC') AS began_to,
    all_n - n_since AS units_before,
    all_k - k_since AS fallbacks_before,
    if(units_before > 0, fallbacks_before / units_before, NULL) AS rate_before,
    n_since AS units_after,
    k_since AS fallbacks_after,
    if(units_after > 0, fallbacks_after / units_after, NULL) AS rate_after,
    unit,
    toDateTime(if(m_from = 0, m_first, m_from) * 60, 'UTC') AS baseline_from,
    toDateTime(m_monitor * 60, 'UTC') AS monitored_from
FROM found
ORDER BY environment, tag, first_model, question
