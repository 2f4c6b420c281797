/**
 * Looks at every key once a minute: asks the query, lets alarms open and close, tells about it. All it knows lies in
 * ClickHouse, counts and `events`; ended and started again it goes on as if nothing had been. Rows carry ids made of
 * what they are about, so a second evaluator beside this one writes the same rows.
 */
import { type Ask, type DriftRow, readDrift } from '@routescope/panels';
import type { Engine } from '../engine/engine.ts';
import type { Metric } from '../metrics.ts';
import { type Alarm, alarmOf, closedAlarm } from './alarm.ts';
import { askWithin } from './ask.ts';
import { findingsOf, type Places } from './explain.ts';
import { type AlarmState, stepsOf } from './life.ts';
import { type NoticeTargets, type Target, targetsOf } from './notify.ts';
import { type DriftSettings, defaultSettings, lookback, parametersOf } from './settings.ts';
import { settle } from './settle.ts';
import { createVerdicts } from './verdicts.ts';

export interface WatchOptions extends Partial<NoticeTargets>, Places {
  readonly settings?: DriftSettings;
  /** Seconds from look to look; 0: none by itself. @default 60 */
  readonly everySeconds?: number;
  /** Epoch ms. @default the machine's clock */
  readonly now?: () => number;
  /** Confirmed extra cost a day, USD, from which a ticket becomes a page. @default never */
  readonly pageCostPerDay?: number;
}

export interface Watch {
  /** One look at the minute that ended before `now` (epoch ms). */
  look(now: number): Promise<void>;
  readonly metrics: readonly Metric[];
  close(): Promise<void>;
}

/** Spans come a little late; the last minute is left to them. */
const latenessMs = 60_000;
const settleEveryMs = 3_600_000;
/** A message that could not be delivered for so long is given up. */
const weekMs = 7 * 86_400_000;

interface Stored {
  readonly id: string;
  readonly at: number;
  readonly state: AlarmState;
  readonly alarm: Alarm;
}

export function startWatch(
  store: Pick<Engine, 'kind' | 'writer' | 'reader'>,
  options: WatchOptions,
  log: (line: string) => void,
): Watch {
  const { settings = defaultSettings, everySeconds = 60, now = Date.now } = options;
  const { pageCostPerDay = Number.POSITIVE_INFINITY } = options;
  const targets = targetsOf(
    { webhooks: options.webhooks ?? [], slack: options.slack ?? [], alertmanagers: options.alertmanagers ?? [] },
    log,
  );
  const ask = askWithin(store);
  const verdicts = createVerdicts(store.writer);
  let latest: readonly DriftRow[] = [];
  let settledAt = 0;
  const counters = { looks: 0, failed: 0, seconds: 0, sent: 0, undelivered: 0 };

  async function look(now: number): Promise<void> {
    const began = performance.now();
    if (now - settledAt >= settleEveryMs) {
      await settle(store.writer, Math.floor(now / 1_000));
      settledAt = now;
    }
    const minute = Math.floor((now - latenessMs) / 60_000);
    latest = await readDrift(ask, parametersOf(settings), minute * 60_000);
    await verdicts.keep(latest, minute);
    const keys = new Map<string, DriftRow[]>();
    for (const row of latest) {
      const key = JSON.stringify(keyOf(row));
      keys.set(key, [...(keys.get(key) ?? []), row]);
    }
    const open = await openAlarms(ask);
    const closed = await closeByDecision(open, minute);
    for (const rows of keys.values())
      for (const { row, state, direction } of stepsOf(rows)) {
        if (state === 'opened') {
          const findings = await findingsOf(ask, row, minute, settings, options);
          await record(alarmOf(row, isoMinute(minute), findings, pageCostPerDay));
        } else {
          const alarm = open.find((each) => isOf(each, row) && each.direction === direction);
          if (alarm && !closed.has(alarm.id)) await record(closedAlarm(alarm, state, isoMinute(minute)));
        }
      }
    await tell(now);
    counters.looks++;
    counters.seconds = (performance.now() - began) / 1_000;
  }

  /** Closes what somebody accepted, and what is no longer served the way it was. @returns the ids of the closed. */
  async function closeByDecision(open: readonly Alarm[], minute: number): Promise<ReadonlySet<string>> {
    const closed = new Set<string>();
    for (const alarm of open) {
      const state = (await isAccepted(ask, alarm, minute))
        ? 'accepted'
        : (await isUnused(ask, alarm, minute))
          ? 'route_changed'
          : undefined;
      if (state === undefined) continue;
      await record(closedAlarm(alarm, state, isoMinute(minute)));
      closed.add(alarm.id);
    }
    return closed;
  }

  async function record(alarm: Alarm): Promise<void> {
    await write({
      id: `${alarm.id}/${alarm.state}`,
      kind: 'alarm',
      at: alarm.closed_at ?? alarm.opened_at,
      since: alarm.began.at,
      environment: alarm.environment,
      tag: alarm.tag,
      model: alarm.model,
      name: alarm.direction,
      state: alarm.state,
      text: alarm.text,
      numbers: {
        evidence_weeks: alarm.evidence_weeks,
        confirmed_multiple: alarm.confirmed_multiple,
        rate_before: alarm.before.rate ?? 0,
        rate_after: alarm.after.rate ?? 0,
      },
      details: JSON.stringify(alarm),
    });
  }

  /** Tells every target what it does not know yet; what was silenced is told when the silence is over and it still holds. */
  async function tell(now: number): Promise<void> {
    const alarms = await storedAlarms(ask, now - weekMs);
    if (alarms.length === 0) return;
    const [told, silences] = await Promise.all([toldIds(ask, now - weekMs), silencesAt(ask, now)]);
    const closed = new Set(alarms.filter(({ state }) => state !== 'opened').map(({ alarm }) => alarm.id));
    for (const target of targets) {
      const idOf = ({ id }: Stored): string => `${id} to ${target.name}`;
      const isNews = (each: Stored): boolean => {
        if (told.has(idOf(each)) || silences.some((silence) => covers(silence, each.alarm))) return false;
        // Of an alarm that was over before it could be told, nothing is said; nor that it is over.
        if (each.state === 'opened') return !closed.has(each.alarm.id);
        return told.has(`${each.alarm.id}/opened to ${target.name}`);
      };
      for (const each of alarms.filter(isNews)) {
        await deliver(target, each, idOf(each), now);
      }
      if (!target.repeats) continue;
      const open = alarms.filter(
        ({ id, state, alarm }) => state === 'opened' && !closed.has(alarm.id) && told.has(`${id} to ${target.name}`),
      );
      const spoken = open.filter(({ alarm }) => !silences.some((silence) => covers(silence, alarm)));
      if (spoken.length > 0)
        await target
          .send(
            spoken.map(({ alarm }) => alarm),
            new Date(now),
          )
          .catch(() => counters.undelivered++);
    }
  }

  async function deliver(target: Target, each: Stored, id: string, now: number): Promise<void> {
    try {
      await target.send([each.alarm], new Date(now));
    } catch (problem) {
      counters.undelivered++;
      log(
        `${target.name} was not told of ${each.id}, and will be asked again: ${problem instanceof Error ? problem.message : String(problem)}`,
      );
      return;
    }
    counters.sent++;
    const { environment, tag, model } = each.alarm;
    await write({
      id,
      kind: 'notice',
      at: new Date(now).toISOString(),
      environment,
      tag,
      model,
      name: target.name,
      state: 'sent',
    });
  }

  const write = (event: Record<string, unknown>): Promise<unknown> =>
    store.writer.insert({
      table: 'routescope.events',
      values: [{ by: 'routescope', recorded_at: new Date().toISOString(), ...event }],
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });

  /** The look under way: on a busy machine one may take longer than the time between two, and the next waits its turn. */
  let looking: Promise<void> | undefined;
  const timer =
    everySeconds > 0
      ? setInterval(() => {
          looking ??= look(now())
            .catch((problem: unknown) => {
              counters.failed++;
              log(
                `the watch could not look: ${problem instanceof Error ? problem.message.slice(0, 500) : String(problem)}`,
              );
            })
            .finally(() => {
              looking = undefined;
            });
        }, everySeconds * 1_000)
      : undefined;
  timer?.unref();

  return {
    look,
    metrics: metricsOf(() => latest, counters),
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** What Prometheus may want to know: of every key evidence, threshold and rates, and whether an alarm is open. */
function metricsOf(latest: () => readonly DriftRow[], counters: Readonly<Record<string, number>>): Metric[] {
  const labels = ['environment', 'tag', 'model', 'direction'];
  const ofKeys = (name: string, help: string, value: (row: DriftRow) => number | null): Metric => ({
    name,
    help,
    type: 'gauge',
    labels,
    read: () =>
      latest()
        .filter(({ question }) => question === 'rise' || question === 'fall')
        .flatMap((row) => {
          const read = value(row);
          const { environment, tag, first_model: model, question: direction } = row;
          return read === null ? [] : [{ labels: { environment, tag, model, direction }, value: read }];
        }),
  });
  return [
    ofKeys(
      'routescope_drift_evidence_weeks',
      'How long a healthy key takes, on average, to show as much.',
      (row) => row.evidence_weeks,
    ),
    ofKeys(
      'routescope_drift_threshold_weeks',
      'Evidence from which on it is an alarm.',
      (row) => row.threshold_minutes / 10_080,
    ),
    ofKeys('routescope_drift_alarm_open', '1 while an alarm is open.', (row) => row.is_open),
    ofKeys('routescope_drift_rate_before', 'Fallback rate before the likeliest change.', (row) => row.rate_before),
    ofKeys('routescope_drift_rate_after', 'Fallback rate since the likeliest change.', (row) => row.rate_after),
    {
      name: 'routescope_drift_looks_total',
      help: 'Looks at all keys.',
      type: 'counter',
      read: () => counters['looks'] as number,
    },
    {
      name: 'routescope_drift_failed_looks_total',
      help: 'Looks that failed.',
      type: 'counter',
      read: () => counters['failed'] as number,
    },
    {
      name: 'routescope_drift_look_seconds',
      help: 'How long the last look took.',
      type: 'gauge',
      read: () => counters['seconds'] as number,
    },
    {
      name: 'routescope_drift_notices_total',
      help: 'Messages delivered.',
      type: 'counter',
      read: () => counters['sent'] as number,
    },
    {
      name: 'routescope_drift_undelivered_total',
      help: 'Times a message could not be delivered.',
      type: 'counter',
      read: () => counters['undelivered'] as number,
    },
  ];
}

const keyOf = (row: DriftRow) => ({ environment: row.environment, tag: row.tag, first_model: row.first_model });

const isOf = (alarm: Alarm, row: DriftRow): boolean =>
  alarm.environment === row.environment && alarm.tag === row.tag && alarm.model === row.first_model;
const isoMinute = (minute: number): string => new Date(minute * 60_000).toISOString().replace('.000', '');

/** Whether the rate was accepted after the alarm opened. */
async function isAccepted(ask: Ask, alarm: Alarm, minute: number): Promise<boolean> {
  const [accepted] = (await ask(
    `SELECT count() AS many FROM routescope.events FINAL
     WHERE kind = 'accept' AND environment IN ('', {environment:String}) AND tag IN ('', {tag:String}) AND model IN ('', {model:String})
       AND at >= parseDateTimeBestEffort({opened:String}) AND at < toDateTime({to:UInt32})`,
    { ...placeOf(alarm), opened: alarm.opened_at, to: (minute + 1) * 60 },
  )) as { many: string }[];
  return Number(accepted?.many ?? 0) > 0;
}

/** No call of the last day began with the alarm's model, while the tag's calls go on with another one. */
async function isUnused(ask: Ask, alarm: Alarm, minute: number): Promise<boolean> {
  const [counts] = (await ask(
    `SELECT sumIf(calls, first_model = {model:String}) AS own, sum(calls) AS every FROM routescope.calls_1m
     WHERE environment = {environment:String} AND tag = {tag:String}
       AND minute >= toDateTime({from:UInt32}) AND minute < toDateTime({to:UInt32})`,
    { ...placeOf(alarm), from: (minute - 1_440) * 60, to: minute * 60 },
  )) as { own: string; every: string }[];
  return counts !== undefined && Number(counts.own) === 0 && Number(counts.every) > 0;
}

const placeOf = ({ environment, tag, model }: Alarm) => ({ environment, tag, model });

/** The alarms that are open, as they were told. */
async function openAlarms(ask: Ask): Promise<readonly Alarm[]> {
  const rows = (await ask(
    `SELECT argMax(details, at) AS details FROM routescope.events FINAL WHERE kind = 'alarm'
     GROUP BY environment, tag, model, name HAVING argMax(state, at) = 'opened'`,
    {},
  )) as { details: string }[];
  return rows.map(({ details }) => JSON.parse(details) as Alarm);
}

/** Alarms opened or closed, oldest first. */
async function storedAlarms(ask: Ask, from: number): Promise<Stored[]> {
  const rows = (await ask(
    `SELECT id, toUnixTimestamp(at) AS at, state, details FROM routescope.events FINAL
     WHERE kind = 'alarm' AND at >= toDateTime({from:UInt32}) ORDER BY at`,
    { from: Math.max(0, Math.floor(from / 1_000) - lookback * 60) },
  )) as { id: string; at: number; state: AlarmState; details: string }[];
  const all = rows.map((row) => ({ ...row, at: Number(row.at) * 1_000, alarm: JSON.parse(row.details) as Alarm }));
  // The open ones whenever they began, the others while somebody may have to be told.
  const closed = new Set(all.filter(({ state, at }) => state !== 'opened' && at < from).map(({ alarm }) => alarm.id));
  return all.filter(({ alarm, at }) => at >= from || !closed.has(alarm.id));
}

async function toldIds(ask: Ask, from: number): Promise<ReadonlySet<string>> {
  const rows = (await ask(
    `SELECT id FROM routescope.events FINAL WHERE kind = 'notice' AND at >= toDateTime({from:UInt32})`,
    { from: Math.max(0, Math.floor(from / 1_000) - lookback * 60) },
  )) as { id: string }[];
  return new Set(rows.map(({ id }) => id));
}

type Silence = Readonly<Record<'environment' | 'tag' | 'model', string>>;

const silencesAt = async (ask: Ask, now: number): Promise<readonly Silence[]> =>
  (await ask(
    `SELECT environment, tag, model FROM routescope.events FINAL
     WHERE kind = 'silence' AND at <= toDateTime({now:UInt32}) AND until > toDateTime({now:UInt32})`,
    { now: Math.floor(now / 1_000) },
  )) as Silence[];

const covers = (silence: Silence, alarm: Alarm): boolean =>
  (['environment', 'tag', 'model'] as const).every((name) => silence[name] === '' || silence[name] === alarm[name]);
