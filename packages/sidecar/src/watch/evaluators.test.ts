/** Two evaluators look at one store: an alarm is told once, also when one of them dies on the way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ask } from '@routescope/panels';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Engine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { openEngine } from '../engine/supervise.ts';
import type { Alarm } from './alarm.ts';
import { storeOf } from './ask.ts';
import { claimsOf } from './claims.ts';
import { onceEach } from './stored.ts';
import { startWatch, type Watch } from './watch.ts';

// A dozen looks of a second or two each, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), 'routescope-evaluators-'));
const day = 86_400_000;
const start = Date.parse('2026-10-20T00:00:00Z');
const minute = 60_000;
let engine: Engine;

/** What the receiver took, and whether it hangs up after it took it. */
let got: { readonly key: string; readonly alarm: Alarm }[] = [];
let hangsUp = false;
const receiver = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  request.on('end', () => {
    got.push({ key: String(request.headers['idempotency-key']), alarm: JSON.parse(text) });
    if (hangsUp) request.socket.destroy();
    else response.end();
  });
});

const evaluator = (name: string, pause: (ms: number) => Promise<unknown> = async () => {}): Watch =>
  startWatch(
    engine,
    {
      everySeconds: 0,
      evaluator: name,
      pause,
      webhooks: [`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`],
    },
    () => {},
  );

/** Eight days at 2 %, 180 calls an hour, and 10 % from `changed` on. */
const play = (tag: string, changed: number): Promise<unknown> =>
  engine.writer.command({
    query: `INSERT INTO routescope.calls_1m (minute, environment, tag, first_model, calls, checked, fallbacks)
      WITH if(number < {changed:UInt32}, 2, 10) AS rate
      SELECT toDateTime({from:UInt32} + number * 60, 'UTC'), 'prod', {tag:String}, 'small', 3, 3, intDiv((number + 1) * 3 * rate, 100) - intDiv(number * 3 * rate, 100)
      FROM numbers({minutes:UInt32})`,
    query_params: {
      tag,
      from: start / 1_000,
      changed: Math.floor((changed - start) / minute),
      minutes: (12 * day) / minute,
    },
  });

const tags = { together: start + 8 * day, dying: start + 9 * day, cut: start + 10 * day } as const;

beforeAll(async () => {
  engine = await openEngine(directory);
  await migrate(engine.writer);
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  for (const [tag, changed] of Object.entries(tags)) await play(tag, changed);
});
afterAll(async () => {
  receiver.close();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  got = [];
});

test('one looks while the other is about to tell: it is told once', async () => {
  const now = tags.together + 6 * 60 * minute;
  await evaluator('a', () => evaluator('b').look(now + minute)).look(now);
  expect(got.map(({ alarm }) => [alarm.state, alarm.tag])).toEqual([['opened', 'together']]);
  for (const name of ['a', 'b']) await evaluator(name).look(now + 5 * minute);
  expect(got).toHaveLength(1);
});

test('both claim at the same moment, neither having seen the other: one wins', async () => {
  const now = Date.parse('2026-10-01T00:00:00Z');
  let arrived = 0;
  let goOn = (): void => {};
  const both = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const contender = (name: string) => {
    const { ask, write } = storeOf(engine);
    let isFirst = true;
    const late: Ask = async (sql, parameters) => {
      const rows = await ask(sql, parameters);
      if (isFirst && ++arrived === 2) goOn();
      isFirst = false;
      await both;
      return rows;
    };
    // The pause ends when both have written.
    return claimsOf(name, late, write, async () => {
      while ((await ask(claimed, {})).length < 2);
    });
  };
  const claimed = "SELECT id FROM routescope.events WHERE kind = 'claim' AND text = 'x'";
  const won = await Promise.all(['a', 'b'].map((name) => contender(name).win(['x'], now)));
  expect(won.map((ids) => [...ids])).toEqual([['x'], []]);
});

test('one dies between claim and delivery: the other tells it when the claim has lapsed, and not before', async () => {
  const now = tags.dying + 6 * 60 * minute;
  await new Promise<void>((claimed) => {
    const dead = new Promise<never>(() => {});
    void evaluator('a', () => {
      claimed();
      return dead;
    }).look(now);
  });
  await evaluator('b').look(now + minute);
  expect(got).toEqual([]);
  await evaluator('b').look(now + 4 * minute);
  expect(got.map(({ alarm }) => [alarm.state, alarm.tag])).toEqual([['opened', 'dying']]);
});

test('one delivers and never learns of it: it is told once more, under the same key', async () => {
  const now = tags.cut + 6 * 60 * minute;
  hangsUp = true;
  await evaluator('a').look(now);
  hangsUp = false;
  await evaluator('b').look(now + minute);
  expect(got).toHaveLength(1);
  await evaluator('b').look(now + 4 * minute);
  await evaluator('c').look(now + 8 * minute);
  expect(got.map(({ alarm }) => alarm.tag)).toEqual(['cut', 'cut']);
  expect(new Set(got.map(({ key }) => key)).size).toBe(1);
});

test('of two openings the one written first counts, and only its own closing closes it', () => {
  const row = (id: string, state: 'opened' | 'recovered') => ({
    id: `${id}/${state}`,
    at: 0,
    state,
    alarm: { id, signal: 'fallback', environment: '', tag: 't', model: 'm', direction: 'rise' } as Alarm,
  });
  const rows = [row('1', 'opened'), row('2', 'opened'), row('2', 'recovered'), row('1', 'recovered')];
  expect(onceEach([...rows, row('3', 'opened')]).map(({ id }) => id)).toEqual(['1/opened', '1/recovered', '3/opened']);
});
