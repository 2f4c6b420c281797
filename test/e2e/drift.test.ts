/**
 * Drift from the span to the webhook: a real sidecar process whose watch is told which time it is, so that four and a
 * half days of seven jobs pass without waiting. One job gets worse and stays so until that is accepted, one gets worse
 * and recovers, one gets better; nothing is said of the other four, and nothing twice.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { looks } from '../watch.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const begins = Date.parse('2026-10-05T00:00:00Z'); // a Monday
const changed = begins + 2.5 * dayMs;
const passes = begins + 3 * dayMs;
const passed = passes + 10 * hourMs;
const ends = begins + 4.5 * dayMs;
const everyMs = 90_000;

interface Period {
  readonly from: number;
  readonly rate: number;
  readonly prompt: string;
}
const steady: readonly Period[] = [{ from: begins, rate: 0.02, prompt: 'h1' }];
const jobs: Readonly<Record<string, readonly Period[]>> = {
  classify: steady,
  extract: [...steady, { from: changed, rate: 0.12, prompt: 'h2' }],
  rank: [
    { from: begins, rate: 0.1, prompt: 'h1' },
    { from: changed, rate: 0.01, prompt: 'h2' },
  ],
  answer: steady,
  critique: [...steady, { from: passes, rate: 0.12, prompt: 'h1' }, { from: passed, rate: 0.02, prompt: 'h1' }],
  suggest: steady,
  title: steady,
};

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');

/** Every call of a job: a session each, every so many-th with a fallback, which costs ten times as much. */
function* callSpans(): Generator<object> {
  for (const [index, [tag, periods]] of Object.entries(jobs).entries()) {
    let owed = 0.5;
    let number = (index + 1) * 1_000_000;
    for (let at = begins + index * 7_000; at < ends; at += everyMs) {
      number++;
      const { rate, prompt } = periods.findLast(({ from }) => from <= at) as Period;
      owed += rate;
      const isFallback = owed >= 1;
      if (isFallback) owed--;
      const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
      const int = (key: string, intValue: number) => ({ key, value: { intValue } });
      yield {
        traceId: hex(number, 32),
        spanId: hex(number, 16),
        name: `route ${tag}`,
        kind: 1,
        startTimeUnixNano: `${at}000000`,
        endTimeUnixNano: `${at + 800}000000`,
        attributes: [
          text('routescope.tag', tag),
          text('gen_ai.conversation.id', `${tag}-${number}`),
          text('routescope.first.model', 'small-1'),
          text('routescope.prompt.version', prompt),
          text('routescope.outcome', 'accepted'),
          int('routescope.attempt.count', isFallback ? 2 : 1),
          int('routescope.fallback.count', isFallback ? 1 : 0),
          { key: 'routescope.checked', value: { boolValue: true } },
          { key: 'routescope.cost.total', value: { doubleValue: isFallback ? 0.01 : 0.001 } },
        ],
      };
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the body as a receiver reads it
type Message = any;
let heard: Message[] = [];
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  expect(request.headers['idempotency-key']).toBe(`${body.id}/${body.state}`);
  heard.push(body);
  response.end();
});
const take = (): Message[] => {
  const messages = heard;
  heard = [];
  return messages.sort((a, b) => (a.tag < b.tag ? -1 : 1));
};

const directory = mkdtempSync(join(tmpdir(), 'routescope-drift-'));
let sidecar: SidecarProcess;

/** Ends the sidecar and starts it again; its watch takes `now` for the time. */
async function lookAt(now: number): Promise<void> {
  await sidecar.stop('SIGTERM');
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  sidecar = await startSidecarProcess(directory, [
    ...['--watch-every', '1', '--watch-from', new Date(now).toISOString(), '--alert-webhook', hook],
    ...['--grafana-url', 'http://grafana', '--jaeger-url', 'http://jaeger'],
  ]);
  await looks(sidecar, 1);
}

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  sidecar = await startSidecarProcess(directory, ['--watch-every', '0', '--linger-ms', '200']);
  const resource = {
    attributes: [{ key: 'deployment.environment.name', value: { stringValue: 'prod' } }],
  };
  const all = [...callSpans()];
  for (let sent = 0; sent < all.length; sent += 5_000) {
    const spans = all.slice(sent, sent + 5_000);
    const answer = await fetch(`${sidecar.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
    });
    expect(answer.status).toBe(200);
  }
  await sidecar.stored(all.length);
});
afterAll(async () => {
  await sidecar.stop('SIGTERM');
  receiver.close();
  rmSync(directory, { recursive: true, force: true });
});

const first = changed + 10 * hourMs;
const unitsIn = (ms: number): number => ms / everyMs;
const near = (at: number) => expect.stringMatching(new RegExp(`^${new Date(at).toISOString().slice(0, 12)}`));
const time = expect.stringMatching(/^2026-10-\d\dT\d\d:\d\d:00Z$/);
/** Spans come late; a look judges the minute that ended one before. */
const openedAt = new Date(first - 60_000).toISOString().replace('.000', '');

test('the job that got worse and the one that got better are told of, the other five are not', async () => {
  await lookAt(first);
  const [worse, better, ...others] = take();
  expect(others).toEqual([]);
  const documented = /```json\n(.*?)\n```/s.exec(readFileSync(new URL('../../docs/drift.md', import.meta.url), 'utf8'));
  expect(Object.keys(worse)).toEqual(Object.keys(JSON.parse(documented?.[1] as string)));
  expect(worse).toEqual({
    version: 1,
    id: `prod/extract/small-1/rise/${openedAt}`,
    state: 'opened',
    alert: 'fallback_drift',
    signal: 'fallback',
    direction: 'rise',
    severity: worse.confirmed_multiple >= 3 ? 'page' : 'ticket',
    environment: 'prod',
    tag: 'extract',
    model: 'small-1',
    unit: 'session',
    opened_at: openedAt,
    closed_at: null,
    began: { at: near(changed), from: time, to: time },
    release: {
      what: 'prompt_version',
      version: 'h2',
      at: new Date(changed + 7_000 - ((changed + 7_000) % 60_000)).toISOString(),
    },
    before: {
      units: expect.closeTo(unitsIn(2.5 * dayMs), -1),
      fallbacks: 48,
      rate: expect.closeTo(0.02, 3),
      low: expect.closeTo(0.0152, 3),
      high: expect.closeTo(0.0264, 3),
    },
    after: {
      units: expect.closeTo(unitsIn(10 * hourMs), -1),
      fallbacks: expect.closeTo(48, -1),
      rate: expect.closeTo(0.12, 2),
      low: expect.closeTo(0.091, 2),
      high: expect.closeTo(0.155, 2),
      provisional: false,
    },
    evidence_weeks: expect.any(Number),
    threshold_weeks: expect.any(Number),
    confirmed_multiple: expect.any(Number),
    // A tenth of 960 sessions a day, at 0.9 cents more each.
    extra_cost_usd_per_day: expect.closeTo(0.1 * unitsIn(dayMs) * 0.009, 1),
    suspect: {
      dimension: 'prompt_version',
      value: 'h2',
      within: expect.closeTo(1, 1),
      mix: expect.closeTo(0, 1),
      is_new: true,
    },
    links: {
      traces: expect.arrayContaining([expect.stringMatching(/^http:\/\/jaeger\/trace\/[0-9a-f]{32}$/)]),
      grafana: expect.stringMatching(
        /^http:\/\/grafana\/d\/routescope-fallback-drift\?var-tag=extract&from=\d+&to=now$/,
      ),
    },
    text: expect.stringMatching(
      /^extract · small-1 · prod: fallback rate is up, 2 % -> 12 %\. Began 2026-10-07 1\d:\d\d UTC/,
    ),
  });
  expect(worse.links.traces).toHaveLength(3);
  expect(worse.evidence_weeks).toBeGreaterThan(worse.threshold_weeks);
  expect(worse.threshold_weeks).toBeGreaterThanOrEqual(2);
  expect(worse.confirmed_multiple).toBeGreaterThan(2);
  expect(worse.confirmed_multiple).toBeLessThan(6);
  expect(better).toMatchObject({
    state: 'opened',
    direction: 'fall',
    severity: 'info',
    tag: 'rank',
    before: { rate: expect.closeTo(0.1, 2) },
    after: { rate: expect.closeTo(0.01, 2) },
    text: expect.stringContaining('fallback rate is down'),
  });
});

test('a restart changes nothing', async () => {
  await lookAt(first);
  expect(take()).toEqual([]);
});

test('accepted, both are over, once, and stay so', async () => {
  const events = ['extract', 'rank'].map((tag) => ({ kind: 'accept', tag, at: first - 60_000, by: 'somebody' }));
  const answer = await fetch(`${sidecar.url}/v1/events`, { method: 'POST', body: JSON.stringify({ events }) });
  expect(answer.status).toBe(200);
  await looks(sidecar, 2); // one may have been under way
  const closed = { state: 'accepted', opened_at: openedAt, closed_at: time };
  expect(take()).toMatchObject([
    { tag: 'extract', direction: 'rise', ...closed, text: expect.stringContaining('accepted as the new normal') },
    { tag: 'rank', direction: 'fall', ...closed },
  ]);
});

test('a day later another job alarms, alone: what was accepted is normal', async () => {
  await lookAt(passed);
  expect(take()).toMatchObject([{ tag: 'critique', direction: 'rise', state: 'opened', suspect: null, release: null }]);
});

test('its way back closes it, and nobody has anything more to say', async () => {
  await lookAt(ends);
  expect(take()).toMatchObject([
    { tag: 'critique', direction: 'rise', state: 'recovered', text: expect.stringContaining('the rate is back') },
  ]);
  await looks(sidecar, 1);
  expect(take()).toEqual([]);
});
