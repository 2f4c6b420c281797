/** What one look at 200 keys with 28 days costs, in an engine of its own: half of the keys by session, half by call. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ask, readDrift } from '@routescope/panels';
import { defaultSettings, parametersOf } from '@routescope/sidecar/watch';
import type { Engine } from '../../../packages/sidecar/dist/engine/engine.d.ts';
import { cpuSeconds } from '../cpu.ts';
import { type Figure, figure } from '../figure.ts';

/** A part of the sidecar that its package does not offer. */
const part = (path: string): Promise<unknown> => import(new URL(path, import.meta.resolve('@routescope/sidecar')).href);
const { openEngine } = (await part(
  'engine/supervise.js',
)) as typeof import('../../../packages/sidecar/dist/engine/supervise.d.ts');
const { migrate } = (await part(
  'engine/migrate.js',
)) as typeof import('../../../packages/sidecar/dist/engine/migrate.d.ts');
const { settle } = (await part('watch/settle.js')) as typeof import('../../../packages/sidecar/dist/watch/settle.d.ts');
const { storeOf } = (await part('watch/ask.js')) as typeof import('../../../packages/sidecar/dist/watch/ask.d.ts');

const keys = 200;
const day = 86_400;
const played = 2;
/** Epoch seconds of the look: late in a day, when most of it is not settled yet. */
const now = Date.parse('2026-10-20T23:00:00Z') / 1_000;

export async function look({ quick }: { readonly quick: boolean }): Promise<Figure[]> {
  const looks = quick ? 3 : 5;
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const engine = await openEngine(directory);
  try {
    await migrate(engine.writer);
    await fill(engine);
    const { ask } = storeOf(engine);
    const [seconds, cpu] = await measured(engine, ask, looks, 'fallback');
    const [ofLatency] = await measured(engine, ask, quick ? 1 : looks, 'latency');
    const [ofCost] = await measured(engine, ask, quick ? 1 : looks, 'cost');
    const [ofRouting] = await measured(engine, ask, quick ? 1 : looks, 'routing');
    return [
      figure('evaluate_200_keys_28_days_s', 's', seconds, 'below 1, by the clock', (value) => value < 1),
      figure('evaluate_200_keys_28_days_cpu_s', 's', cpu, 'below 2: two cores for a second', (value) => value < 2),
      figure('evaluate_200_keys_28_days_s latency', 's', ofLatency, 'below 2, by the clock', (value) => value < 2),
      figure('evaluate_200_keys_28_days_s cost', 's', ofCost, 'below 2, by the clock', (value) => value < 2),
      figure('evaluate_200_keys_28_days_s routing', 's', ofRouting, 'below 2, by the clock', (value) => value < 2),
      figure(
        'evaluate_200_keys_28_days_memory',
        'MiB',
        [await memory(engine, quick ? 256 : 32)],
        'at most 512; the query itself is stopped at 954',
        (value) => value <= 512,
      ),
    ];
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Seconds by the clock and of the engine's CPU, look by look. */
async function measured(engine: Engine, ask: Ask, looks: number, signal: string): Promise<[number[], number[]]> {
  const seconds: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < looks; i++) {
    const [began, before] = [performance.now(), cpuSeconds(engine.pid as number)];
    const rows = await readDrift(ask, parametersOf(defaultSettings, signal), now * 1_000);
    // Of a share only the rise is asked for.
    const expected = signal === 'routing' ? keys : 2 * keys;
    if (rows.length !== expected) throw new Error(`a look at ${signal} found ${rows.length} rows, not ${expected}`);
    seconds.push((performance.now() - began) / 1_000);
    cpu.push(cpuSeconds(engine.pid as number) - before);
  }
  return [seconds, cpu];
}

/**
 * A unit of every key in every minute, three where calls are units, 2 % of them with a fallback; a release on the way.
 * Two days are played and settled; the others are copies of one of them.
 */
async function fill({ writer }: Engine): Promise<void> {
  const from = now - played * day;
  const perMinute = 2 * keys;
  const calls = `INSERT INTO routescope.calls (trace_id, call_id, started_at, duration_s, environment, tag, first_model, session_id, checked, fallback_count, attempt_count, cost_usd, outcome, prompt_version, route_version, policy)
    WITH number % ${perMinute} AS place, place < ${keys / 2} AS in_session, cityHash64(number) AS chance, toString(number) AS id
    SELECT id, id, toDateTime64({from:UInt32} + intDiv(number, ${perMinute}) * 60 + 7, 6, 'UTC'), exp(chance % 1000 / 300), 'prod', concat(if(in_session, 'session', 'call'), toString(place % ${keys / 2})), 'small',
      if(in_session, id, ''), true, chance % 100 < 2, 1, toDecimal64(0.001 * (1 + chance % 10), 12), 'accepted', toString(number > ${perMinute * 60 * 25}), 'r', 'rules'
    FROM numbers({calls:UInt32})`;
  await writer.command({ query: calls, query_params: { from, calls: ((now - from) / 60) * perMinute } });
  const limits = `INSERT INTO routescope.events (id, kind, at, since, signal, environment, tag, model, numbers)
    SELECT concat(signal, environment, tag), 'limit', toDateTime({from:UInt32} + 3600), toDateTime({from:UInt32}), signal, environment, tag, first_model, map('limit', if(signal = 'cost', 0.009, 20))
    FROM (SELECT DISTINCT environment, tag, first_model FROM routescope.calls_1m) ARRAY JOIN ['latency', 'cost'] AS signal`;
  await writer.command({ query: limits, query_params: { from: now - 29 * day } });
  await settle(writer, now);
  const copied = `(SELECT max(day) FROM routescope.settled_days)`;
  for (const table of ['units_1d', 'versions_1d', 'settled_days'])
    await writer.command({
      query: `INSERT INTO routescope.${table} SELECT d.day - toIntervalDay(n) AS day, d.* EXCEPT (day) FROM routescope.${table} AS d
        ARRAY JOIN range(${played}, 29) AS n WHERE d.day = ${copied}`,
    });
}

/** The least limit the query can be done within, to so many MiB. */
async function memory(engine: Engine, fineness: number): Promise<number> {
  let [low, high] = [0, 1_024];
  while (high - low > fineness) {
    const middle = (low + high) / 2;
    const { ask } = storeOf(engine, middle * 1_048_576);
    const fits = await readDrift(ask, parametersOf(defaultSettings), now * 1_000).then(
      () => true,
      () => false,
    );
    if (fits) high = middle;
    else low = middle;
  }
  return high;
}
