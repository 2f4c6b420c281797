/** The life of an alarm against a real store and real receivers, with the clock in hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EventRow, eventRows } from '../api/events.ts';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import type { Alarm } from './alarm.ts';
import { startWatch, type Watch } from './watch.ts';

// A dozen looks of a second or two each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-watch-'));
const day = 86_400_000;
const began = Date.parse('2026-10-20T10:00:00Z');
const history = began - 8 * day;
let engine: Engine;
let watch: Watch;

/** What each receiver got, by path; a path in `refusing` answers 503. */
const got = new Map<string, Record<string, never>[]>();
const refusing = new Set<string>();
const receiver = createServer((request, response) => {
  const path = request.url ?? '';
  let text = '';
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  request.on('end', () => {
    if (!refusing.has(path)) got.set(path, [...(got.get(path) ?? []), JSON.parse(text)]);
    response.statusCode = refusing.has(path) ? 503 : 200;
    response.end();
  });
});
const take = (path: string): Record<string, never>[] => {
  const taken = got.get(path) ?? [];
  got.delete(path);
  return taken;
};
const log: string[] = [];

function start(): Watch {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  return startWatch(
    engine,
    {
      everySeconds: 0,
      pause: async () => {},
      webhooks: [`${url}/hook?token=secret`],
      slack: [`${url}/slack`],
      alertmanagers: [`${url}/am`],
      jaegerUrl: 'http://jaeger',
    },
    (line) => log.push(line),
  );
}

/** 120 sessions an hour of `tag`, a `rate` of them with a fallback, evenly spread. */
const play = (tag: string, from: number, to: number, rate: number, prompt: string): Promise<unknown> =>
  engine.writer.command({
    query: `INSERT INTO routescope.calls (trace_id, call_id, started_at, environment, tag, first_model, session_id, checked, fallback_count, attempt_count, cost_usd, prompt_version, outcome)
      WITH toDateTime64({from:UInt32}, 6, 'UTC') + number * 30 + 7 AS at, intDiv(number * {permille:UInt32}, 1000) != intDiv((number + 1) * {permille:UInt32}, 1000) AS fell
      SELECT concat('t', toString(number)), concat({tag:String}, toString(at)), at, 'prod', {tag:String}, 'small', concat({tag:String}, toString(at)), true, fell, 1 + fell, if(fell, toDecimal64('0.011', 12), toDecimal64('0.001', 12)), {prompt:String}, 'accepted'
      FROM numbers({n:UInt32})`,
    query_params: { tag, from: from / 1_000, n: (to - from) / 30_000, permille: rate * 1_000, prompt },
  });

const say = (event: object, now: number): Promise<unknown> =>
  engine.writer.insert<EventRow>({
    table: 'routescope.events',
    values: eventRows({ events: [{ at: now, ...event }] }, now),
    format: 'JSONEachRow',
    clickhouse_settings: { date_time_input_format: 'basic' },
  });

beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  for (const tag of ['steady', 'drifting', 'other']) await play(tag, history, began, 0.02, 'h1');
  watch = start();
});
afterAll(async () => {
  await watch.close();
  receiver.close();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const alarmAt = began + 3 * 3_600_000;

test('nothing is said while nothing has changed', async () => {
  await watch.look(began);
  expect(got.size).toBe(0);
  expect(await watch.metrics.find(({ name }) => name === 'routescope_drift_alarm_open')?.read()).toHaveLength(6);
});

test('the drifting tag alarms, alone, and the message says what, since when, with which release and where', async () => {
  for (const tag of ['steady', 'other']) await play(tag, began, began + 2 * day, 0.02, 'h1');
  await play('drifting', began, began + 6 * 3_600_000, 0.08, 'h2');
  await watch.look(alarmAt);
  const messages = take('/hook?token=secret') as unknown as Alarm[];
  expect(messages).toHaveLength(1);
  const [alarm] = messages as [Alarm];
  expect(alarm).toMatchObject({
    version: 1,
    state: 'opened',
    alert: 'fallback_drift',
    direction: 'rise',
    environment: 'prod',
    tag: 'drifting',
    model: 'small',
    unit: 'session',
    began: { at: '2026-10-20T10:00:00Z' },
    release: { what: 'prompt_version', version: 'h2' },
    suspect: { dimension: 'prompt_version', value: 'h2', is_new: true },
    links: { traces: [expect.stringMatching(/^http:\/\/jaeger\/trace\/t/), expect.anything(), expect.anything()] },
    closed_at: null,
  });
  expect(alarm.before.rate).toBeCloseTo(0.02, 3);
  expect(alarm.after.rate).toBeCloseTo(0.08, 2);
  expect(alarm.after.provisional).toBe(true);
  expect(alarm.confirmed_multiple).toBeGreaterThan(1.1);
  expect(alarm.confirmed_multiple).toBeLessThan(4);
  // 6 points more of 2,880 sessions a day, a cent each.
  expect(alarm.extra_cost_usd_per_day).toBeCloseTo(0.06 * 2_880 * 0.01, 0);
  expect(alarm.text).toMatch(/^drifting · small · prod: fallback rate is up, 2 % -> about 7\.8 %\./);
  expect(take('/slack')).toEqual([{ text: expect.stringContaining('fallback rate is up') }]);
  expect(take('/am/api/v2/alerts')[0]).toMatchObject([
    { labels: { alertname: 'fallback_drift', tag: 'drifting', severity: alarm.severity }, startsAt: alarm.opened_at },
  ]);
  expect(log.join()).not.toContain('secret');
});

test('what was found is kept for screens, of every question', async () => {
  const kept = await engine.reader.query({
    query: `SELECT tag, question, groupArray(evidence_weeks >= threshold_weeks) AS alarms FROM (SELECT * FROM routescope.drift_evidence_10m FINAL ORDER BY slot)
      WHERE question = 'rise' GROUP BY tag, question ORDER BY tag`,
    format: 'JSONEachRow',
  });
  expect(await kept.json()).toEqual([
    { tag: 'drifting', question: 'rise', alarms: [0, 1] },
    { tag: 'other', question: 'rise', alarms: [0, 0] },
    { tag: 'steady', question: 'rise', alarms: [0, 0] },
  ]);
});

test('a restart changes nothing: the alarm is not told again, only kept alive where it would be forgotten', async () => {
  await watch.close();
  watch = start();
  await watch.look(alarmAt + 60_000);
  expect(take('/hook?token=secret')).toEqual([]);
  expect(take('/slack')).toEqual([]);
  expect(take('/am/api/v2/alerts').length).toBeGreaterThan(0);
  const opened = await engine.reader.query({
    query: "SELECT count() AS n FROM routescope.events FINAL WHERE kind = 'alarm'",
    format: 'JSONEachRow',
  });
  expect(await opened.json()).toEqual([{ n: 1 }]);
});

test('the way back closes it, once, also for a receiver that was away', async () => {
  await play('drifting', began + 6 * 3_600_000, began + 2 * day, 0.02, 'h1');
  refusing.add('/hook?token=secret');
  await watch.look(began + day);
  expect(take('/slack')).toEqual([{ text: expect.stringContaining('the rate is back') }]);
  refusing.clear();
  await watch.look(began + day + 60_000);
  expect(take('/hook?token=secret')).toMatchObject([{ state: 'recovered', tag: 'drifting' }]);
  await watch.look(began + day + 120_000);
  expect(got.get('/hook?token=secret')).toBeUndefined();
  expect(got.get('/slack')).toBeUndefined();
  take('/am/api/v2/alerts');
});

test('a silence holds the message back, an acceptance closes the alarm, and the new rate is normal then', async () => {
  const again = began + 2 * day;
  await say({ kind: 'silence', tag: 'other', until: again + 5 * 3_600_000 }, again);
  await play('other', again, again + 4 * day, 0.09, 'h1');
  for (const tag of ['steady', 'drifting']) await play(tag, again, again + 4 * day, 0.02, 'h1');
  await watch.look(again + 4 * 3_600_000);
  expect(take('/hook?token=secret')).toEqual([]);
  await watch.look(again + 6 * 3_600_000);
  expect(take('/hook?token=secret')).toMatchObject([{ state: 'opened', tag: 'other' }]);
  await say({ kind: 'accept', tag: 'other' }, again + 7 * 3_600_000);
  await watch.look(again + 7 * 3_600_000 + 180_000);
  expect(take('/hook?token=secret')).toMatchObject([{ state: 'accepted', tag: 'other' }]);
  await watch.look(again + 3 * day);
  expect(take('/hook?token=secret')).toEqual([]);
});

test('a tag that moved to another model has its alarm closed', async () => {
  const moved = began + 6 * day;
  await play('steady', moved, moved + 6 * 3_600_000, 0.1, 'h1');
  await watch.look(moved + 6 * 3_600_000);
  expect(take('/hook?token=secret')).toMatchObject([{ state: 'opened', tag: 'steady' }]);
  await engine.writer.command({
    query: `INSERT INTO routescope.calls (call_id, started_at, environment, tag, first_model, checked, attempt_count)
      SELECT toString(number), toDateTime64({at:UInt32}, 6, 'UTC') + number, 'prod', 'steady', 'large', true, 1 FROM numbers(100)`,
    query_params: { at: (moved + day) / 1_000 },
  });
  await watch.look(moved + 2 * day - 3_600_000);
  expect(take('/hook?token=secret')).toMatchObject([{ state: 'route_changed', tag: 'steady', model: 'small' }]);
});
