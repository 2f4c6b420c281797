/**
 * Looks at every key once a minute: asks the query, lets alarms open and close, tells about it. Fallbacks are looked at
 * every time, the other signals in turns, so that a look costs two questions however many there are. All it knows lies in
 * ClickHouse, counts and `events`; ended and started again it goes on as if nothing had been. A second evaluator on the
 * same store does no harm: an alarm that both open is one (stored.ts), and one of them tells it (claims.ts).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DriftRow, readDrift } from '@routescope/panels';
import type { Engine } from '../engine/engine.ts';
import type { Metric } from '../metrics.ts';
import { type Alarm, alarmOf, closedAlarm } from './alarm.ts';
import { storeOf } from './ask.ts';
import { claimsOf } from './claims.ts';
import { findingsOf, type Places } from './explain.ts';
import { stepsOf } from './life.ts';
import { freezeLimits } from './limits.ts';
import { type Counters, metricsOf } from './metrics-of.ts';
import { type NoticeTargets, type Target, targetsOf } from './notify.ts';
import { pinQuiet } from './pins.ts';
import { type DriftSettings, defaultSettings, parametersOf } from './settings.ts';
import { settle } from './settle.ts';
import { otherSignals, type Signal, settingsFor } from './signals.ts';
import {
  acceptedSince,
  covers,
  isRerouted,
  isUnused,
  openAmong,
  type Stored,
  silencesAt,
  storedAlarms,
  toldIds,
} from './stored.ts';
import { createVerdicts } from './verdicts.ts';

export interface WatchOptions extends Partial<NoticeTargets>, Places {
  readonly settings?: DriftSettings;
  /** Seconds from look to look; 0: none by itself. @default 60 */
  readonly everySeconds?: number;
  /** Epoch ms. @default the machine's clock */
  readonly now?: () => number;
  /** Told apart from other evaluators on the same store. @default random */
  readonly evaluator?: string;
  /** Waits between claim and delivery. @default by the clock */
  readonly pause?: (ms: number) => Promise<unknown>;
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

export function startWatch(
  store: Pick<Engine, 'kind' | 'writer' | 'reader'>,
  options: WatchOptions,
  log: (line: string) => void,
): Watch {
  const { settings = defaultSettings, everySeconds = 60, now = Date.now } = options;
  const { pageCostPerDay = Number.POSITIVE_INFINITY } = options;
  const { evaluator = randomUUID(), pause = sleep } = options;
  const targets = targetsOf(
    { webhooks: options.webhooks ?? [], slack: options.slack ?? [], alertmanagers: options.alertmanagers ?? [] },
    log,
  );
  const { ask, write } = storeOf(store);
  const claims = claimsOf(evaluator, ask, write, pause);
  const verdicts = createVerdicts(store.writer);
  const latest = new Map<Signal, readonly DriftRow[]>();
  let settledAt = 0;
  const counters: Counters = { looks: 0, failed: 0, seconds: 0, sent: 0, undelivered: 0 };
  let isAway = false;

  async function look(now: number): Promise<void> {
    const began = performance.now();
    if (now - settledAt >= settleEveryMs) {
      await freezeLimits(ask, write, now, settings.wobble);
      await settle(store.writer, Math.floor(now / 1_000));
      await pinQuiet(ask, write, now);
      settledAt = now;
    }
    const minute = Math.floor((now - latenessMs) / 60_000);
    const stored = await storedAlarms(ask);
    const closed = await closeByDecision(openAmong(stored), minute);
    const others = await otherSignals(ask);
    const turn = others[minute % Math.max(others.length, 1)];
    for (const signal of turn === undefined ? ['fallback'] : ['fallback', turn])
      await judge(signal, settingsFor(settings, signal, others.length), minute, stored, closed);
    await tell(now);
    counters.looks++;
    counters.seconds = (performance.now() - began) / 1_000;
  }

  /** Opens and closes the alarms of one signal. @param closed ids of alarms that are over since they were read. */
  async function judge(
    signal: Signal,
    settings: DriftSettings,
    minute: number,
    stored: readonly Stored[],
    closed: ReadonlySet<string>,
  ): Promise<void> {
    const found = await readDrift(ask, parametersOf(settings, signal), minute * 60_000);
    latest.set(signal, found);
    await verdicts.keep(signal, found, minute);
    const keys = new Map<string, DriftRow[]>();
    for (const row of found) {
      const key = JSON.stringify(keyOf(row));
      keys.set(key, [...(keys.get(key) ?? []), row]);
    }
    const open = openAmong(stored);
    for (const rows of keys.values())
      for (const { row, state, direction } of stepsOf(rows)) {
        if (state === 'opened') {
          // The query does not see rows of the minute it judges: an alarm of this minute, open or closed since, is no news.
          const isKnown = stored.some(
            ({ alarm }) => isOf(alarm, row) && alarm.direction === direction && alarm.opened_at === isoMinute(minute),
          );
          if (isKnown) continue;
          const findings = await findingsOf(ask, row, minute, settings, options);
          await record(alarmOf(row, isoMinute(minute), findings, pageCostPerDay));
        } else {
          const alarm = open.find((each) => isOf(each, row) && each.direction === direction);
          if (alarm && !closed.has(alarm.id)) await record(closedAlarm(alarm, state, isoMinute(minute)));
        }
      }
  }

  /** Closes what somebody accepted, and what is no longer served the way it was. @returns the ids of the closed. */
  async function closeByDecision(open: readonly Alarm[], minute: number): Promise<ReadonlySet<string>> {
    const closed = new Set<string>();
    for (const alarm of open) {
      const since = await acceptedSince(ask, alarm, minute);
      const isOver =
        since !== undefined || (await isUnused(ask, alarm, minute)) || (await isRerouted(ask, alarm, minute));
      if (!isOver) continue;
      const state = since === undefined ? 'route_changed' : 'accepted';
      await record(closedAlarm(alarm, state, isoMinute(minute)), since);
      closed.add(alarm.id);
    }
    return closed;
  }

  const record = (alarm: Alarm, since = alarm.began.at): Promise<unknown> =>
    write([
      {
        id: `${alarm.id}/${alarm.state}`,
        kind: 'alarm',
        at: alarm.closed_at ?? alarm.opened_at,
        since,
        signal: alarm.signal,
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
      },
    ]);

  /** Tells every target what it does not know yet; what was silenced is told when the silence is over and it still holds. */
  async function tell(now: number): Promise<void> {
    const expected = await newsAt(now);
    if (expected.length > 0) {
      const won = await claims.win(
        expected.map(({ id }) => id),
        now,
      );
      // What the others did meanwhile: of two openings one is left, and some were told.
      const mine = (await newsAt(now)).filter(({ id }) => won.has(id));
      for (const { target, stored, id } of mine) await deliver(target, stored, id, now);
    }
    const repeating = targets.filter(({ repeats }) => repeats);
    if (repeating.length === 0) return;
    const open = openAmong(await storedAlarms(ask));
    if (open.length === 0) return;
    const [told, silences] = await Promise.all([toldIds(ask, now - weekMs), silencesAt(ask, now)]);
    for (const target of repeating) {
      const spoken = open.filter(
        (alarm) =>
          told.has(`${alarm.id}/opened to ${target.name}`) && !silences.some((silence) => covers(silence, alarm)),
      );
      if (spoken.length > 0) await target.send(spoken, new Date(now)).catch(() => counters.undelivered++);
    }
  }

  /** Messages nobody was told yet and that are not to be held back. */
  async function newsAt(now: number): Promise<{ id: string; target: Target; stored: Stored }[]> {
    const alarms = await storedAlarms(ask);
    const recent = alarms.filter(({ state, at, alarm }) => at >= now - weekMs || (state === 'opened' && isOpen(alarm)));
    if (recent.length === 0) return [];
    const [told, silences] = await Promise.all([toldIds(ask, now - weekMs), silencesAt(ask, now)]);
    function isOpen(alarm: Alarm): boolean {
      return !alarms.some((other) => other.state !== 'opened' && other.alarm.id === alarm.id);
    }
    return targets.flatMap((target) =>
      recent
        .map((stored) => ({ id: `${stored.id} to ${target.name}`, target, stored }))
        .filter(({ id, stored: { state, alarm } }) => {
          if (told.has(id) || silences.some((silence) => covers(silence, alarm))) return false;
          // Of an alarm that was over before it could be told, nothing is said; nor that it is over.
          if (state === 'opened') return isOpen(alarm);
          return told.has(`${alarm.id}/opened to ${target.name}`);
        }),
    );
  }

  async function deliver(target: Target, { alarm, id: message }: Stored, id: string, now: number): Promise<void> {
    try {
      await target.send([alarm], new Date(now));
    } catch (problem) {
      counters.undelivered++;
      log(
        `${target.name} was not told of ${message}, and will be asked again: ${problem instanceof Error ? problem.message : String(problem)}`,
      );
      return;
    }
    counters.sent++;
    const { signal, environment, tag, model } = alarm;
    const at = new Date(now).toISOString();
    await write([{ id, kind: 'notice', at, signal, environment, tag, model, name: target.name, state: 'sent' }]);
  }

  /** The look under way: on a busy machine one may take longer than the time between two, and the next waits its turn. */
  let looking: Promise<void> | undefined;
  const timer =
    everySeconds > 0
      ? setInterval(() => {
          looking ??= look(now())
            .then(
              () => {
                if (isAway) log('the watch can look again');
                isAway = false;
              },
              (problem: unknown) => {
                counters.failed++;
                const why = problem instanceof Error ? problem.message.slice(0, 500) : String(problem);
                if (!isAway) log(`the watch could not look, and tries again at every turn: ${why}`);
                isAway = true;
              },
            )
            .finally(() => {
              looking = undefined;
            });
        }, everySeconds * 1_000)
      : undefined;
  timer?.unref();

  return {
    look,
    metrics: metricsOf(() => [...latest.values()].flat(), counters),
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}

const keyOf = (row: DriftRow) => ({ environment: row.environment, tag: row.tag, first_model: row.first_model });

const isOf = (alarm: Alarm, row: DriftRow): boolean =>
  alarm.signal === row.signal &&
  alarm.environment === row.environment &&
  alarm.tag === row.tag &&
  alarm.model === row.first_model;
const isoMinute = (minute: number): string => new Date(minute * 60_000).toISOString().replace('.000', '');
