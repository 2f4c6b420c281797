/** What one look at 200 keys with 28 days costs, in an engine of its own: half of the keys by session, half by call. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDrift } from '@routescope/panels';
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
const looks = 5;
const day = 86_400;
const played = 2;
/** Epoch seconds of the look: late in a day, when most of it is not settled yet. */
const now = Date.parse('2026-10-20T23:00:00Z') / 1_000;

export async function look(options: { readonly quick: boolean }): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const engine = await openEngine(directory);
  try {
    await migrate(engine.writer);
    await fill(engine);
    const seconds: number[] = [];
    const cpu: number[] = [];
    const { ask } = storeOf(engine);
    for (let i = 0; i < looks; i++) {
      const [began, before] = [performance.now(), cpuSeconds(engine.pid as number)];
      const rows = await readDrift(ask, parametersOf(defaultSettings), now * 1_000);
      if (rows.length !== 2 * keys) throw new Error(`a look found ${rows.length} rows, not ${2 * keys}`);
      seconds.push((performance.now() - began) / 1_000);
      cpu.push(cpuSeconds(engine.pid as number) - before);
    }
    return [
      figure('evaluate_200_keys_28_days_s', 's', seconds, 'below 1, by the clock', (value) => value < 1),
      figure('evaluate_200_keys_28_days_cpu_s', 's', cpu, 'below 2: two cores for a second', (value) => value < 2),
      figure(
        'evaluate_200_keys_28_days_memory',
        'MiB',
        [await memory(engine, options.quick ? 256 : 32)],
        'at most 512; the query itself is stopped at 954',
        (value) => value <= 512,
      ),
    ];
  } finally {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * A unit of every key in every minute, three where calls are units, 2 % of them with a fallback; a release on the way.
 * Two days are played and settled; the others are copies of one of them.
 */
async function fill({ writer }: Engine): Promise<void> {
  const minutes = `toDateTime({from:UInt32} + intDiv(number, ${keys / 2}) * 60, 'UTC')`;
  const numbers = `numbers(intDiv({to:UInt32} - {from:UInt32}, 60) * ${keys / 2})`;
  const name = `toString(number % ${keys / 2})`;
  const ofCalls = `INSERT INTO routescope.calls_1m (minute, environment, tag, first_model, calls, checked, fallbacks, cost_usd)
    SELECT ${minutes}, 'prod', concat('call', ${name}), 'small', 3, 3, cityHash64(number) % 100 < 6, 0.003 FROM ${numbers}`;
  const ofSessions = `INSERT INTO routescope.calls_1m (minute, environment, tag, first_model, calls, checked, session_checked, cost_usd)
    SELECT ${minutes}, 'prod', concat('session', ${name}), 'small', 1, 1, 1, 0.003 FROM ${numbers}`;
  const sessions = `INSERT INTO routescope.session_units (day, environment, tag, first_model, session_id, first_call_at, first_fallback_at, calls, fallbacks)
    SELECT toDate(at), 'prod', concat('session', ${name}), 'small', toString(cityHash64(number, at)), at, if(cityHash64(number) % 100 < 2, at + 30, NULL), 1, 0
    FROM (SELECT number, toDateTime64(${minutes}, 6) + 7 AS at FROM ${numbers})`;
  const versions = `INSERT INTO routescope.versions_1h (hour, environment, tag, first_model, what, version, first_at, calls)
    SELECT toDateTime({from:UInt32} + intDiv(number, ${keys}) * 3600, 'UTC') AS hour, 'prod', concat(if(number % 2, 'call', 'session'), toString(intDiv(number % ${keys}, 2))), 'small',
      what, toString(what != 'validation_version' AND number > ${keys * 50}), hour + 5, 100
    FROM numbers(intDiv({to:UInt32} - {from:UInt32}, 3600) * ${keys})
    ARRAY JOIN ['route_version', 'prompt_version', 'service_version', 'validation_version'] AS what`;
  for (const query of [ofCalls, ofSessions, sessions, versions])
    await writer.command({ query, query_params: { from: now - played * day, to: now } });
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
