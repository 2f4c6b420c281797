-- Has the rate of a signal changed for a key (environment, tag, first-choice model)? One row per key and question:
--   rise, fall                      against everything accepted before;
--   rise_recovery, fall_recovery    of an open alarm: is the rate on its way back?
-- `evidence_minutes` is how long a healthy key takes, on average, to show as much; it is an alarm from
-- `threshold_minutes` on. Everything is computed from counts before `to` and from rows of `events`: the same question
-- asked again gets the same answer. Derived in docs/drift.md; its twin in TypeScript is packages/sidecar/src/watch/.
--
-- One chain of steps, each table read once. Times are epoch minutes (m_…). A key's counts are dense arrays: [day][quarter
-- hour] of the lookback, and minutes of the last two days. Planning it takes the engine as long as computing it does. What
-- keeps that short: few steps, and few columns to carry through them; a name may be used in the step that gives it, but as
-- each use there is a copy, what is long and used often is used by the next step; and `least` stands where AND would, for
-- AND (and ORDER BY) have everything below them hashed.
WITH
    toInt64(intDiv(toUnixTimestamp({to:DateTime}), 60)) AS m_now,
    intDiv(m_now - 360, 5) * 5 AS m_minutes,
    intDiv(m_now - 2880, 30) * 30 AS m_fives,
    intDiv(m_now - 10080, 240) * 240 AS m_halves,
    intDiv(m_now - 40320, 240) * 240 AS m_begin,
    intDiv(m_begin, 1440) AS first_day,
    intDiv(m_fives, 1440) AS fives_day,
    intDiv(m_now, 1440) AS today,
    (SELECT groupUniqArray(toInt64(toUInt16(day))) FROM routescope.settled_days WHERE signal = {signal:String}) AS settled,
    -- Few, so that it takes little to look a day up; never none, for tomorrow is not over.
    arrayFilter(d -> NOT has(settled, d), range(first_day, today + 2)) AS unsettled,
    (
        SELECT groupArray((kind, environment, tag, model, name, state,
            intDiv(toInt64(toUnixTimestamp(at)), 60) AS m, intDiv(toInt64(toUnixTimestamp(coalesce(since, at))), 60), numbers['units'], numbers['fallbacks']))
        FROM (SELECT * FROM routescope.events FINAL WHERE at < toDateTime({to:DateTime}) AND kind IN ('deploy', 'route_table', 'pin', 'accept', 'limit', 'alarm')
            AND if(signal = '' AND kind IN ('pin', 'alarm'), 'fallback', signal) IN ('', {signal:String}) ORDER BY at)
    ) AS all_events,

    -- Fine rows, newest first: minutes, then quarter hours; and which of them begin a bucket, the coarser the older.
    fine_rows AS (SELECT arrayReverse(arrayConcat(range(m_begin, m_fives, 15), range(m_fives, m_now))) AS fine),
    grid AS
    (
        SELECT arrayMap(t -> t % multiIf(t >= m_minutes, 1, t >= m_fives, 5, t >= m_halves, 30, 240) = 0, fine) AS is_bucket, arrayFilter((t, b) -> b, fine, is_bucket) AS at
        FROM fine_rows
    ),

    -- Days of the lookback: settled ones from the cache, the others counted now. Minutes are asked of the last three.
    days AS
    (
        SELECT environment, tag, first_model, toInt64(toUInt16(day)) AS d, units, session_units, cost_usd, quarter_units, quarter_fallbacks, [] AS minute_units, [] AS minute_fallbacks
        FROM routescope.units_1d FINAL
        WHERE signal = {signal:String} AND day >= toDate(first_day) AND day < toDate(fives_day) AND NOT has(unsettled, toUInt16(day))
        UNION ALL
        SELECT environment, tag, first_model, toInt64(toUInt16(day)) AS d, units, session_units, cost_usd, quarter_units, quarter_fallbacks, minute_units, minute_fallbacks
        FROM routescope.units_1d FINAL
        WHERE signal = {signal:String} AND day >= toDate(fives_day) AND day <= toDate(today) AND NOT has(unsettled, toUInt16(day))
        UNION ALL
        SELECT environment, tag, first_model, toInt64(toUInt16(day)) AS d, units, session_units, 0 AS cost_usd, quarter_units, quarter_fallbacks, minute_units, minute_fallbacks
        FROM routescope.units_1d_of_minutes
        WHERE signal = {signal:String} AND day >= toDate(unsettled[1]) AND day <= toDate(today) AND has(unsettled, toUInt16(day))
    ),
    keys AS
    (
        SELECT environment, tag, first_model, sum(session_units) AS all_s, sum(units) AS ever_n, sumIf(cost_usd, d BETWEEN today - 8 AND today - 2) AS cost,
            arrayMap(xs -> arrayResize(xs, 96), sumForEachResample(0, 30, 1)(quarter_units, d - first_day)) AS n, arrayMap(xs -> arrayResize(xs, 96), sumForEachResample(0, 30, 1)(quarter_fallbacks, d - first_day)) AS k,
            arrayMap(xs -> arrayResize(xs, 1440), sumForEachResample(0, 3, 1)(minute_units, d - fives_day)) AS minute_n, arrayMap(xs -> arrayResize(xs, 1440), sumForEachResample(0, 3, 1)(minute_fallbacks, d - fives_day)) AS minute_k
        FROM days
        GROUP BY environment, tag, first_model
        HAVING ever_n > 0
    ),
    -- Releases: the first minute of a version that was not there from the start.
    versions AS
    (
        SELECT environment, tag, first_model, groupArrayIf((what, m), m > earliest) AS releases
        FROM
        (
            SELECT environment, tag, first_model, what, intDiv(toInt64(toUnixTimestamp(min(first_at))), 60) AS m, min(m) OVER (PARTITION BY environment, tag, first_model, what) AS earliest
            FROM
            (
                SELECT environment, tag, first_model, what, version, first_at FROM routescope.versions_1d FINAL
                WHERE day >= toDate(first_day) AND day <= toDate(today) AND day IN (SELECT day FROM routescope.settled_days WHERE signal = 'fallback')
                UNION ALL
                SELECT environment, tag, first_model, what, version, first_at FROM routescope.versions_1d_of_hours
                WHERE day >= toDate(first_day) AND day <= toDate(today) AND day NOT IN (SELECT day FROM routescope.settled_days WHERE signal = 'fallback')
                -- Of the hour that is not over nobody knows yet how many calls it will have.
                UNION ALL
                SELECT environment, tag, first_model, what, version, first_at FROM routescope.versions_1h
                WHERE hour > toDateTime((m_now - 60) * 60) AND NOT (what = 'validation_version' AND version = '')
            )
            WHERE first_at < toDateTime(m_now * 60)
            GROUP BY environment, tag, first_model, what, version
        )
        GROUP BY environment, tag, first_model
    ),

    -- What was decided about a key: the last acceptance, the alarms' lives. A new validator is a new series of fallbacks, a
    -- new route table one of routing, a new limit one of its signal.
    told AS
    (
        SELECT *, arrayFilter(e -> (e.2 = '' OR e.2 = environment) AND (e.3 = '' OR e.3 = tag) AND (e.4 = '' OR e.4 = first_model), all_events) AS events
        FROM keys
        LEFT JOIN versions USING (environment, tag, first_model)
    ),
    of_kinds AS
    (
        SELECT * EXCEPT (events),
            arrayFilter(e -> e.1 = 'alarm', events) AS alarms, arrayFilter(e -> e.1 IN ('accept', 'limit'), events) AS accepts, arrayFilter(e -> e.1 = 'pin', events) AS all_pins,
            arrayConcat(arrayMap(e -> e.7, arrayFilter(e -> e.1 IN ('deploy', 'route_table'), events)), arrayMap(r -> r.2, releases)) AS marked
        FROM told
    ),
    lives AS
    (
        SELECT * EXCEPT (alarms, accepts, releases), arrayFilter(e -> e.5 = 'rise', alarms)[-1] AS rise, arrayFilter(e -> e.5 = 'fall', alarms)[-1] AS fall, arrayFilter(e -> e.6 != 'opened', alarms) AS closings,
            arrayMap(e -> (intDiv(e.8, 30) * 30, intDiv(e.7 + 29, 30) * 30), arrayFilter(e -> e.6 = 'recovered', alarms)) AS excluded,
            arrayConcat(
                arrayMap(e -> (e.7, 0, e.8), accepts),
                arrayMap(e -> (e.7, 1, e.8), arrayFilter(e -> e.6 = 'accepted', alarms)),
                arrayMap(r -> (r.2, 0, r.2), arrayFilter(r -> r.1 = if({signal:String} = 'routing', 'route_version', 'validation_version'), if({signal:String} IN ('fallback', 'routing'), releases, [])))) AS decisions,
            -- Half for what it costs, half for being there.
            (if(sum(cost) OVER () > 0, cost / sum(cost) OVER (), 1 / count() OVER ()) + 1 / count() OVER ()) / 2 AS share,
            arraySort(arrayDistinct(arrayMap(m -> intDiv(m, 30), marked))) AS marked_halves
        FROM of_kinds
    ),
    decided AS
    (
        SELECT * EXCEPT (all_s, ever_n, cost, all_pins, closings, decisions, share), if(all_s = 0, 'call', if(all_s = ever_n, 'session', 'mixed')) AS unit,
            if(empty(decisions), 0, intDiv(arraySort(decisions)[-1].3, 30) * 30) AS m_accepted,
            arrayMax(arrayConcat([0], arrayMap(x -> x.1, decisions), arrayMap(e -> e.7, closings))) AS m_restart,
            -- The promise is a key's own, or its part of the one over all.
            greatest({weeks_per_tag:Float64}, {weeks_in_all:Float64} / share) * 10080 / 2 AS threshold,
            arrayFilter(e -> e.7 >= m_accepted, all_pins) AS pins
        FROM lives
    ),
    markers_of AS
    (
        SELECT * EXCEPT (pins, marked, marked_halves), arraySum(e -> e.9, pins) AS given_n, arraySum(e -> e.10, pins) AS given_k,
            -- Markers of one half hour are one; those of a week share what a few get.
            arrayMap(h -> (arrayMin(arrayFilter(m -> intDiv(m, 30) = h, marked)),
                {marker_share:Float64} * threshold * least(1, {markers_per_week:Float64} / arrayCount(o -> least(o <= h, o >= h - 336), marked_halves))), marked_halves) AS markers,
            -- The baseline's counts are without what was before it and without incidents that are over.
            if(least(m_accepted <= m_begin, empty(excluded)),
                arrayMap(d -> arrayMap(q -> (first_day + d) * 1440 + q * 15 >= m_begin, range(96)), range(30)),
                arrayMap(d -> arrayMap(m -> least(m >= greatest(m_begin, m_accepted), NOT arrayExists(p -> least(m >= p.1, m < p.2), excluded)), range((first_day + d) * 1440, (first_day + d + 1) * 1440, 15)), range(30))) AS is_kept
        FROM decided
    ),
    kept AS
    (
        -- What is not needed for a while is carried as one; questions are asked against the baseline, and within the incident
        -- of every open alarm: (name, direction, is it of recovery, from, monitored from, opened, given units and fallbacks).
        SELECT
            (
                (environment, tag, first_model, unit, threshold), markers, excluded, minute_n, minute_k,
                arrayConcat(
                    [('rise', 1, 0, 0, m_restart, if(rise.6 = 'opened', rise.7, 0), given_n, given_k)],
                    -- What is sent to one model no more is sent to another, and told as its rise.
                    if({signal:String} = 'routing', [], [('fall', -1, 0, 0, m_restart, if(fall.6 = 'opened', fall.7, 0), given_n, given_k)]),
                    if(rise.6 = 'opened', [('rise_recovery', -1, 1, rise.8, rise.7, rise.7, 0, 0)], []),
                    if(fall.6 = 'opened', [('fall_recovery', 1, 1, fall.8, fall.7, fall.7, 0, 0)], []))
            ) AS carried,
            arrayMap((xs, ys) -> arrayMap((x, y) -> toFloat64(x * y), xs, ys), n, is_kept) AS quarter_n, arrayMap((xs, ys) -> arrayMap((x, y) -> toFloat64(x * y), xs, ys), k, is_kept) AS quarter_k
        FROM markers_of
    ),
    begun_at AS
    (
        SELECT *, arrayFirstIndex((x, y) -> x + y > 0, arrayFlatten(quarter_n), arrayFlatten(quarter_k)) AS first_quarter, first_day * 1440 + intDiv(first_quarter - 1, 2) * 30 AS m_first
        FROM kept
        WHERE first_quarter > 0
    ),
    -- What it is learned on: whole days.
    to_learn AS
    (
        SELECT * EXCEPT (first_quarter), intDiv(m_first, 1440) - first_day AS learned_from, intDiv(m_now - m_first, 1440) AS age_days,
            toUInt32(multiIf(age_days >= 14, age_days - 7, age_days >= 7, 7, greatest(1, intDiv(age_days, 2)))) AS learned_days
        FROM begun_at
    ),
    learned AS
    (
        SELECT * EXCEPT (learned_from, age_days), arraySlice(quarter_n, learned_from + 1, learned_days) AS ln, arraySlice(quarter_k, learned_from + 1, learned_days) AS lk,
            arrayReduce('sumForEach', ln) AS tried, arrayReduce('sumForEach', lk) AS seen, arrayMap(d -> toInt64((first_day + learned_from + d + 3) % 7), range(learned_days)) AS weekday_of
        FROM to_learn
    ),
    -- Relative risk by hour of the day and by weekday. An hour is judged with half of its neighbours, since a day is smooth.
    by_hour AS
    (
        SELECT * EXCEPT (seen, tried), arraySum(seen) AS learned_k, if(arraySum(tried) > 0, learned_k / arraySum(tried), 0) AS rate,
            arrayMap(h -> arraySum(arraySlice(seen, h * 4 + 1, 4)), range(24)) AS hour_k, arrayMap(h -> arraySum(arraySlice(tried, h * 4 + 1, 4)), range(24)) AS hour_n
        FROM learned
    ),
    around AS
    (
        SELECT * EXCEPT (hour_k, hour_n),
            arrayMap((k0, k1, k2) -> k1 + 0.5 * k0 + 0.5 * k2, arrayPushFront(arrayPopBack(hour_k), hour_k[-1]), hour_k, arrayPushBack(arrayPopFront(hour_k), hour_k[1])) AS near_k,
            arrayMap((n0, n1, n2) -> (rate * (n1 + 0.5 * n0 + 0.5 * n2), rate * (n1 + 0.25 * n0 + 0.25 * n2)), arrayPushFront(arrayPopBack(hour_n), hour_n[-1]), hour_n, arrayPushBack(arrayPopFront(hour_n), hour_n[1])) AS near_e
        FROM by_hour
    ),
    -- Risks are drawn towards 1 by as much as their scatter is what chance makes of none (James and Stein).
    day_risks AS
    (
        SELECT * EXCEPT (near_k, near_e), arraySum((k, e) -> if(e.2 > 0, pow(k - e.1, 2) / e.2, 0), near_k, near_e) AS hour_scatter, arrayCount(e -> e.2 > 0, near_e) AS busy_hours,
            if(hour_scatter > busy_hours, 1 - busy_hours / hour_scatter, 0) AS hour_belief,
            arrayFlatten(arrayMap((k, e) -> arrayWithConstant(4, 1 + hour_belief * ((k + 5) / (e.1 + 5) - 1)), near_k, near_e)) AS day_risk
        FROM around
    ),
    by_weekday AS
    (
        SELECT * EXCEPT (hour_scatter, busy_hours, hour_belief), arrayMap(xs -> arraySum((x, r) -> x * r, xs, day_risk), ln) AS day_n,
            arrayMap(w -> arraySum((xs, d) -> if(d = w, arraySum(xs), 0), lk, weekday_of), range(7)) AS week_k, arrayMap(w -> rate * arraySum((x, d) -> if(d = w, x, 0), day_n, weekday_of), range(7)) AS week_e
        FROM day_risks
    ),
    week_risks AS
    (
        SELECT * EXCEPT (rate, week_k, week_e), arraySum((k, e) -> if(e > 0, pow(k - e, 2) / e, 0), week_k, week_e) AS week_scatter, arrayCount(e -> e > 0, week_e) AS busy_days,
            if(least(learned_days >= 14, week_scatter > busy_days), 1 - busy_days / week_scatter, 0) AS week_belief,
            arrayMap((k, e) -> 1 + week_belief * ((k + 5) / (e + 5) - 1), week_k, week_e) AS week_risk
        FROM by_weekday
    ),
    rates AS
    (
        SELECT * EXCEPT (week_scatter, busy_days, week_belief, weekday_of, day_n), arrayMap(d -> week_risk[d + 1], weekday_of) AS weekday_risk,
            if(learned_k = 0, 0, learned_k / arraySum((x, w) -> x * w, day_n, weekday_risk)) AS exposed_rate
        FROM week_risks
    ),
    -- By how much counts scatter more than trials do, in blocks of 15 to 1440 minutes: at least 1, never less than in shorter
    -- blocks, and only where there are twenty blocks to tell it from.
    running AS
    (
        SELECT * EXCEPT (lk, ln, weekday_risk), range(0, learned_days * 96 + 1) AS i,
            arrayPushFront(arrayCumSum(arrayFlatten(arrayMap((xs, w) -> arrayMap((x, r) -> exposed_rate * w * x * r, xs, day_risk), ln, weekday_risk))), 0) AS sum_e, arrayPushFront(arrayCumSum(arrayFlatten(lk)), 0) AS sum_k, arrayPushFront(arrayCumSum(arrayFlatten(ln)), 0) AS sum_n
        FROM rates
    ),
    blocks AS
    (
        SELECT * EXCEPT (learned_days, i, sum_e, sum_k, sum_n),
            arrayMap(length -> (
                arrayDifference(arrayFilter((x, j) -> j % length = 0, sum_e, i)),
                arrayDifference(arrayFilter((x, j) -> j % length = 0, sum_k, i)),
                arrayDifference(arrayFilter((x, j) -> j % length = 0, sum_n, i))), [1, 4, 16, 96]) AS by_length
        FROM running
    ),
    dispersed AS
    (
        SELECT * EXCEPT (by_length, learned_k, exposed_rate), arrayMap(b -> if(arrayCount((k, n) -> n + k > 0, b.2, b.3) < 20, 1, greatest(1, arraySum((e, k) -> pow(k - e, 2), b.1, b.2) / (greatest(learned_k, 1) * greatest(1 - exposed_rate, 0.2)))), by_length) AS scatter
        FROM blocks
    ),

    -- Buckets, newest first: what has been seen since each of them began.
    risks AS
    (
        SELECT carried.1 AS about, carried.2 AS markers, carried.3 AS excluded, carried.4 AS minute_n, carried.5 AS minute_k, carried.6 AS questions, m_first, scatter, quarter_n, quarter_k,
            intDiv(m_begin, 15) - first_day * 96 + 1 AS oldest, intDiv(m_fives - m_begin, 15) AS older,
            arrayFlatten(arrayMap(d -> arrayMap(r -> r * week_risk[(first_day + d + 3) % 7 + 1], day_risk), range(30))) AS quarter_risk,
            if(empty(excluded), arrayWithConstant(m_now - m_fives, 1), arrayMap(t -> NOT arrayExists(p -> least(t >= p.1, t < p.2), excluded), range(m_fives, m_now))) AS late_kept
        FROM dispersed
    ),
    lined_up AS
    (
        SELECT about, markers, questions, m_first, scatter,
            arrayReverse(arrayConcat(arraySlice(arrayFlatten(quarter_n), oldest, older), arrayMap((x, y) -> toFloat64(x * y), arraySlice(arrayFlatten(minute_n), m_fives - fives_day * 1440 + 1, m_now - m_fives), late_kept))) AS n,
            arrayReverse(arrayConcat(arraySlice(arrayFlatten(quarter_k), oldest, older), arrayMap((x, y) -> toFloat64(x * y), arraySlice(arrayFlatten(minute_k), m_fives - fives_day * 1440 + 1, m_now - m_fives), late_kept))) AS k,
            arrayReverse(arrayConcat(arraySlice(quarter_risk, oldest, older), arraySlice(arrayFlatten(arrayMap(r -> arrayWithConstant(15, r), arraySlice(quarter_risk, oldest + older, 196))), 1, m_now - m_fives))) AS risk
        FROM risks
    ),
    buckets AS
    (
        SELECT about, questions, m_first, scatter, at, arrayPushBack(arrayPopFront(at), at[-1] - 1) AS before,
            arrayFilter((x, b) -> b, arrayCumSum(n), is_bucket) AS n1, arrayFilter((x, b) -> b, arrayCumSum(k), is_bucket) AS k1, arrayFilter((x, b) -> b, arrayCumSum(arrayMap((x, r) -> x * r, n, risk)), is_bucket) AS e1,
            if(empty(markers), arrayWithConstant(length(at), 0.), arrayMap((t, next) -> arraySum(p -> if(least(p.1 >= t, p.1 < next), p.2, 0), markers), at, arrayPushFront(arrayPopBack(at), m_now))) AS marked
        FROM lined_up CROSS JOIN grid
    ),
    asked AS
    (
        SELECT about, m_first, scatter, at, before, n1, k1, e1, question.1 AS name, question.2 AS direction, question.4 AS m_from, if(question.3, question.5, greatest(m_first + 1440, question.5)) AS m_monitor, question.6 AS opened,
            if(question.3, arrayWithConstant(length(at), 0.), marked) AS marker, arrayCount(t -> t >= m_from, at) AS reach, least(1, 5000 / greatest(question.8, 1)) AS given_part,
            n1[reach] + given_part * question.7 AS all_n, k1[reach] + given_part * question.8 AS all_k, e1[reach] + given_part * question.7 AS all_e, pow(1 + {wobble:Float64}, direction) AS t
        FROM buckets
        ARRAY JOIN questions AS question
    ),
    -- A rate is at most one: beyond the tolerance its odds are multiplied, which is the same where it is small.
    bounded AS
    (
        SELECT * EXCEPT (reach, given_part, direction), least(all_k / all_e, 0.95 / t) AS p, arrayMap(m -> m / (1 + (m - t) * p), arrayMap(m -> pow(m * {multiple:Float64}, direction), [0.8, 1.25, 2, 4])) AS r,
            -- A change that began after the bucket before and up to this one leaves the same counts.
            arrayMap((m, b, w) -> if(m < m_monitor, 0, m - greatest(b, m_monitor - 1) + w), at, before, marker) AS weight
        FROM asked
        WHERE least(all_k, all_e) > 0
    ),
    powered AS
    (
        SELECT *, log(r[1] / t) AS l1, log(r[2] / t) AS l2, log(r[3] / t) AS l3, log(r[4] / t) AS l4, (r[1] - 1) / all_e AS excess1, (r[2] - 1) / all_e AS excess2, (r[3] - 1) / all_e AS excess3, (r[4] - 1) / all_e AS excess4,
            arrayMap(e -> log(1 + (t - 1) * e / all_e), e1) AS tolerated,
            -- Trials scatter less than the Poisson counts the ratio is made for: by 1 - rate. Counts scatter more, by age up to
            -- 15, 60, 240 minutes, and older; in the first hours every minute has its bucket.
            1 / greatest(1 - all_k / all_e, 0.2) AS sharpness,
            arrayConcat(arrayWithConstant(15, sharpness / scatter[1]), arrayWithConstant(45, sharpness / arrayMax(arraySlice(scatter, 1, 2))), arrayWithConstant(180, sharpness / arrayMax(arraySlice(scatter, 1, 3))), arrayWithConstant(length(at) - 240, sharpness / arrayMax(scatter))) AS power
        FROM bounded
    ),
    weighed AS
    (
        SELECT about, m_first, name, m_from, m_monitor, opened, all_n, all_k, n1, k1, at, before, marker, weight,
            arrayMap((k, e, p, o) ->
                ( exp(least(700, p * (k * l1 - all_k * (log(1 + excess1 * e) - o))))
                + exp(least(700, p * (k * l2 - all_k * (log(1 + excess2 * e) - o))))
                + exp(least(700, p * (k * l3 - all_k * (log(1 + excess3 * e) - o))))
                + exp(least(700, p * (k * l4 - all_k * (log(1 + excess4 * e) - o))))) / 4, k1, e1, power, tolerated) AS ratio
        FROM powered
    ),
    -- A start is as likely as any minute of its bucket, with the marker's belief on top.
    believed AS
    (
        SELECT * EXCEPT (marker, weight, ratio), arrayCumSum(arrayMap((w, r) -> w * r, weight, ratio)) AS sums, arrayMap((w, r, b) -> if(w = 0, 0, r * (1 + b)), weight, ratio, marker) AS likely, indexOf(likely, arrayMax(likely)) AS best
        FROM weighed
    ),
    found AS
    (
        SELECT *, sums[-1] AS evidence, n1[best] AS n_since, k1[best] AS k_since, at[best] AS m_best,
            arrayFirstIndex(b -> b >= 0.05 * evidence, sums) AS newest, arrayFirstIndex(b -> b >= 0.95 * evidence, sums) AS eldest
        FROM believed
        WHERE evidence > 0
    )
SELECT
    {signal:String} AS signal,
    about.1 AS environment,
    about.2 AS tag,
    about.3 AS first_model,
    name AS question,
    evidence AS evidence_minutes,
    evidence / 10080 AS evidence_weeks,
    about.5 AS threshold_minutes,
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
    about.4 AS unit,
    toDateTime(if(m_from = 0, m_first, m_from) * 60, 'UTC') AS baseline_from,
    toDateTime(m_monitor * 60, 'UTC') AS monitored_from
FROM found
