/** What the watch keeps in `events` and reads back: alarms opened and closed, messages sent, claims, silences. */
import type { Ask } from '@routescope/panels';
import type { Alarm } from './alarm.ts';
import type { AlarmState } from './life.ts';
import { lookback } from './settings.ts';

/** An alarm opened or closed. */
export interface Stored {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  readonly state: AlarmState;
  readonly alarm: Alarm;
}

/**
 * Alarms opened and closed, in the order they were written down. Of a key and direction one alarm is open at a time: an
 * opening beside an open one, or a closing of none, is another evaluator's word for the same and is left out.
 */
export async function storedAlarms(ask: Ask): Promise<Stored[]> {
  const rows = (await ask(
    `SELECT id, toUnixTimestamp(at) AS at, state, details FROM routescope.events FINAL
     WHERE kind = 'alarm' ORDER BY recorded_at, at, id`,
    {},
  )) as { id: string; at: number; state: AlarmState; details: string }[];
  return onceEach(rows.map((row) => ({ ...row, at: Number(row.at) * 1_000, alarm: JSON.parse(row.details) as Alarm })));
}

export function onceEach(rows: readonly Stored[]): Stored[] {
  const open = new Map<string, string>();
  return rows.filter(({ state, alarm }) => {
    const key = JSON.stringify([alarm.signal, alarm.environment, alarm.tag, alarm.model, alarm.direction]);
    if ((state === 'opened') === open.has(key)) return false;
    if (state === 'opened') open.set(key, alarm.id);
    else if (open.get(key) !== alarm.id) return false;
    else open.delete(key);
    return true;
  });
}

/** Those that no row closes. */
export function openAmong(rows: readonly Stored[]): readonly Alarm[] {
  const closed = new Set(rows.filter(({ state }) => state !== 'opened').map(({ alarm }) => alarm.id));
  return rows.filter(({ state, alarm }) => state === 'opened' && !closed.has(alarm.id)).map(({ alarm }) => alarm);
}

/** Ids of the messages that were delivered, `<alarm>/<state> to <target>`. @param from epoch ms. */
export async function toldIds(ask: Ask, from: number): Promise<ReadonlySet<string>> {
  const rows = (await ask(
    `SELECT id FROM routescope.events FINAL WHERE kind = 'notice' AND at >= toDateTime({from:UInt32})`,
    { from: Math.max(0, Math.floor(from / 1_000) - lookback * 60) },
  )) as { id: string }[];
  return new Set(rows.map(({ id }) => id));
}

type Silence = Readonly<Record<'signal' | 'environment' | 'tag' | 'model', string>>;

/** @param now epoch ms. */
export const silencesAt = async (ask: Ask, now: number): Promise<readonly Silence[]> =>
  (await ask(
    `SELECT signal, environment, tag, model FROM routescope.events FINAL
     WHERE kind = 'silence' AND at <= toDateTime({now:UInt32}) AND until > toDateTime({now:UInt32})`,
    { now: Math.floor(now / 1_000) },
  )) as Silence[];

export const covers = (silence: Silence, alarm: Alarm): boolean =>
  (['signal', 'environment', 'tag', 'model'] as const).every(
    (name) => silence[name] === '' || silence[name] === alarm[name],
  );

/**
 * Whether the rate was accepted after the alarm opened.
 * @param minute epoch minute.
 * @returns since when it is normal, if somebody said so (ISO time), else since the alarm's change; undefined: it was not.
 */
export async function acceptedSince(ask: Ask, alarm: Alarm, minute: number): Promise<string | undefined> {
  const [accepted] = (await ask(
    `SELECT count() AS many, toUnixTimestamp(argMax(since, at)) AS since FROM routescope.events FINAL
     WHERE kind = 'accept' AND signal IN ('', {signal:String}) AND environment IN ('', {environment:String}) AND tag IN ('', {tag:String}) AND model IN ('', {model:String})
       AND at >= parseDateTimeBestEffort({opened:String}) AND at < toDateTime({to:UInt32})`,
    { ...placeOf(alarm), opened: alarm.opened_at, to: (minute + 1) * 60 },
  )) as { many: string; since: string | null }[];
  if (!accepted || Number(accepted.many) === 0) return undefined;
  return Number(accepted.since ?? 0) > 0 ? new Date(Number(accepted.since) * 1_000).toISOString() : alarm.began.at;
}

/** No call of the last day began with the alarm's model (or ended with it, where answers are judged), but with another. */
export async function isUnused(ask: Ask, alarm: Alarm, minute: number): Promise<boolean> {
  const [counts] = (await ask(
    `SELECT sumIf(calls, if({signal:String} = 'override' OR startsWith({signal:String}, 'score:'), final_model, first_model) = {model:String}) AS own, sum(calls) AS every FROM routescope.calls_1m
     WHERE environment = {environment:String} AND tag = {tag:String}
       AND minute >= toDateTime({from:UInt32}) AND minute < toDateTime({to:UInt32})`,
    { ...placeOf(alarm), from: (minute - 1_440) * 60, to: minute * 60 },
  )) as { own: string; every: string }[];
  return counts !== undefined && Number(counts.own) === 0 && Number(counts.every) > 0;
}

/** A route table came with the alarm open: for shares of routing, another one is meant. */
export async function isRerouted(ask: Ask, alarm: Alarm, minute: number): Promise<boolean> {
  if (alarm.signal !== 'routing') return false;
  const [newest] = (await ask(
    `SELECT toUnixTimestamp(max(begun)) AS at
     FROM (
       SELECT min(first_at) AS begun FROM routescope.versions_1h
       WHERE what = 'route_version' AND environment = {environment:String} AND tag = {tag:String} AND first_at < toDateTime({to:UInt32})
       GROUP BY version
     )`,
    { ...placeOf(alarm), to: (minute + 1) * 60 },
  )) as { at: number }[];
  return Number(newest?.at ?? 0) * 1_000 >= Date.parse(alarm.opened_at);
}

const placeOf = ({ signal, environment, tag, model }: Alarm) => ({ signal, environment, tag, model });
