/** From routed calls to what is reported of routes: the rollout's own table, scores in any order, experiments. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@clickhouse/client';
import { models, rolloutTables, steps } from '@routescope/examples/rollout';
import { telemetryRecord } from '@routescope/examples/telemetry-record';
import { score, shown, withSession } from '@routescope/sdk';
import { start } from '@routescope/sdk/node';
import { armOf, type CallRef, createRouter, type RouterOptions, routes } from '@routescope/sdk/router';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli, type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { openStage, type Stage } from './stage.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-routes-'));
let sidecar: SidecarProcess;
let telemetry: ReturnType<typeof start>;
let stored = 0;
beforeAll(async () => {
  sidecar = await startSidecarProcess(directory, ['--linger-ms', '50']);
  telemetry = start({ serviceName: 'rollout', environment: 'test', endpoint: sidecar.url, exitTimeoutMs: 30_000 });
});
afterAll(async () => {
  await telemetry.shutdown();
  await sidecar.stop('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
});

const landed = async (spans: number): Promise<void> => {
  stored += spans;
  await telemetry.flush();
  await sidecar.stored(stored);
};
const run = promisify(execFile);
// biome-ignore lint/suspicious/noExplicitAny: what a command prints.
const routesCli = async (...args: string[]): Promise<any> =>
  JSON.parse((await run(process.execPath, [cli, 'routes', ...args, '--url', sidecar.url, '--json'])).stdout);
const query = async <Row>(sql: string, parameters: Record<string, unknown> = {}): Promise<Row[]> => {
  const client = createClient({ url: sidecar.url, pathname: '/query' });
  try {
    return (await client.query({ query: sql, query_params: parameters, format: 'JSONEachRow' })).json<Row>();
  } finally {
    await client.close();
  }
};

/** Of the session's cost in percent, before and after; the whole after is 38 % of the whole before. Latencies in ms. */
const rollout = {
  'classify-intent': { before: 9, after: 0.4, beforeMs: 1_000, afterMs: 200 },
  'rewrite-query': { before: 7, after: 0.3, beforeMs: 1_000, afterMs: 200 },
  'rerank-candidates': { before: 11, after: 0.55, beforeMs: 1_000, afterMs: 200 },
  'synthesize-answer': { before: 38, after: 73, beforeMs: 5_000, afterMs: 5_400 },
  'critique-draft': { before: 16, after: 19, beforeMs: 2_000, afterMs: 1_880 },
  'suggest-next-step': { before: 8, after: 6, beforeMs: 1_000, afterMs: 200 },
} as const;
const inputUsdPerMillion: Readonly<Record<string, number>> = {
  [models.small]: 0.8,
  [models.mid]: 3,
  [models.frontier]: 15,
};
const sessions = 12;

test('the rollout: 62 % less a session, 31 % less waiting, the same quality, and every share of its table', async () => {
  let version: 'before' | 'after' = 'before';
  let step: (typeof steps)[number] = 'classify-intent';
  let pace = 1;
  const stage: Stage = await openStage((body) => {
    const { before, after, beforeMs, afterMs } = rollout[step];
    const usd = version === 'before' ? before * 0.015 : after * 0.38 * 0.015;
    const price = inputUsdPerMillion[body.model] as number;
    return {
      text: 'fine',
      usage: { input: Math.round((usd * 1e6) / price), output: 0 },
      ms: pace * (version === 'before' ? beforeMs : afterMs),
    };
  }, Date.now() - 3_600_000);
  const tables = rolloutTables(stage.clients);
  for (version of ['before', 'after'] as const) {
    const router = createRouter(tables[version], { clock: stage.clock });
    for (let session = 0; session < sessions; session++)
      await withSession(`${version}-${session}`, async () => {
        pace = 0.8 + (0.4 * session) / sessions;
        for (step of steps) {
          const { call } = await router.route(step, { messages: [{ role: 'user', content: 'q' }] });
          if (step === 'synthesize-answer')
            await score(call, { name: 'preference', value: session % 2, by: 'people' }, { clock: stage.clock });
        }
      });
  }
  await landed(2 * sessions * steps.length * 2);
  const compared = await routesCli('compare', 'before', 'after');
  expect(compared.sessions.cost_change).toBeCloseTo(-0.62, 2);
  expect(compared.sessions.p95_change).toBeCloseTo(-0.31, 2);
  for (const [tag, { before, after }] of Object.entries(rollout)) {
    const row = compared.tags.find((each: { tag: string }) => each.tag === tag);
    const times = tag === 'rerank-candidates' ? 2 : 1;
    expect(row.before.cost_share).toBeCloseTo((times * before) / 100, 2);
    expect(row.after.cost_share).toBeCloseTo((times * after) / 100, 2);
  }
  const synthesis = compared.tags.find((each: { tag: string }) => each.tag === 'synthesize-answer');
  expect([synthesis.before.mean_score, synthesis.score_change]).toEqual([0.5, 0]);
  const text = (await run(process.execPath, [cli, 'routes', 'compare', 'before', 'after', '--url', sidecar.url]))
    .stdout;
  expect(text).toMatch(/cost \$1\.50 → \$0\.569 \(-62\.1 %\)/);

  const report = await routesCli('report', '--by', 'version');
  const after = report.groups.find((each: { version: string }) => each.version === 'after');
  expect(after.tier0.share).toBe(1);
  expect(after.saved_share).toBeGreaterThan(0.5);
  const [record] = await query<Record<string, unknown>>(telemetryRecord, {
    from: Math.floor(Date.now() / 1000) - 7_200,
    to: Math.ceil(Date.now() / 1000),
  });
  expect(record).toMatchObject({
    type: 'classify-intent',
    model: models.frontier,
    tokens: expect.anything(),
    cost_usd: 0.135,
    latency_ms: 800,
  });
  await stage.close();
  await expect(routesCli('compare', 'before', 'nothing')).rejects.toThrow(
    'there are no calls of route table version "nothing"',
  );
});

const quick = (name: string, says = 'good') => ({ name, model: name, via: () => says });

test('scores: late, early, again; by id alone; told apart by their ids; the corrected answer only on purpose', async () => {
  const table = routes({
    job: {
      why: 'w',
      caughtBy: 'human-sees-it',
      tiers: [quick('small'), quick('top')],
      qualityBar: 0.5,
      baseline: 'top',
    },
  });
  const router = createRouter(table);
  const calls: CallRef[] = [];
  for (let index = 0; index < 4; index++) calls.push((await router.route('job', async () => 'good')).call);
  const [first, second, third] = calls;
  if (!first || !second || !third) throw new Error('there are no calls');
  // Early: no span has arrived yet.
  expect(await score(first.id, { name: 'helpful', value: 0.9, by: 'judge' })).toBe(true);
  await landed(8);
  // Late, and again.
  await score(first.id, { name: 'helpful', value: 0.9, by: 'judge' });
  await score(second, { name: 'helpful', value: 0.2, by: 'judge' });
  await score(second, { name: 'helpful', value: 0.3, by: 'judge' });
  for (const id of ['u1', 'u2', 'u2']) await score(third.id, { name: 'thumbs', value: 1, by: 'user', id });
  await shown(first);
  await shown(third);
  await score(third, { name: 'human_override', value: 1, by: 'user', correction: 'SECRET' });
  const rows = await query<{ call_id: string; name: string; value: number; tag: string; model: string }>(
    'SELECT call_id, name, value, tag, model, environment, service FROM routescope.scores FINAL WHERE tag = {tag:String} ORDER BY name, value',
    { tag: 'job' },
  );
  expect(rows.map(({ call_id, name, value }) => [calls.findIndex(({ id }) => id === call_id), name, value])).toEqual([
    [1, 'helpful', 0.3],
    [0, 'helpful', 0.9],
    [2, 'human_override', 1],
    [expect.any(Number), 'shown', 1],
    [expect.any(Number), 'shown', 1],
    [2, 'thumbs', 1],
    [2, 'thumbs', 1],
  ]);
  expect(rows.every((row) => row.model === 'small')).toBe(true);
  expect(rows[0]).toMatchObject({ environment: 'test', service: 'rollout' });
  expect(JSON.stringify(await query('SELECT * FROM routescope.scores'))).not.toContain('SECRET');
  // Judged: shown and fine, scored below the bar, overridden.
  const { groups } = await routesCli('report', '--by', 'tag');
  const job = groups.find((each: { tag: string }) => each.tag === 'job');
  expect(job.misclassified).toMatchObject({ count: 2, of: 3 });
});

test('what the router does besides calls is in the events: a table, a circuit, a budget', async () => {
  const down = Object.assign(new Error('down'), { status: 503 });
  const table = routes(
    { job: { why: 'w', caughtBy: 'nothing', tiers: [quick('alpha'), quick('beta')] } },
    { version: 'events-1' },
  );
  const router = createRouter(table, {
    sleep: async () => {},
    budgets: [{ name: 'a day', per: ['day'], usd: 0, over: 'cheapest' }],
  });
  for (let index = 0; index < 3; index++)
    await router.route('job', async ({ model }) => {
      if (model === 'alpha') throw down;
      return 'good';
    });
  await telemetry.flush();
  const rows = await query<{ kind: string; name: string; state: string }>(
    "SELECT kind, name, state FROM routescope.events FINAL WHERE name IN ('events-1', 'alpha') ORDER BY kind, at",
  );
  expect(rows).toEqual([
    { kind: 'breaker', name: 'alpha', state: 'open' },
    { kind: 'route_table', name: 'events-1', state: 'loaded' },
  ]);
  stored += 3 + 8;
  await sidecar.stored(stored);
});

test('experiments: a planted 60/40 split is flagged; too little is called too little; enough gives intervals', async () => {
  const day = 86_400_000;
  const table = routes({ job: { why: 'w', caughtBy: 'nothing', tiers: [quick('small')] } });
  const play = async (
    name: string,
    users: number,
    isKept: (arm: string, user: number) => boolean,
    days: number,
  ): Promise<void> => {
    const begin = Date.now() - 9 * day;
    let now = begin;
    const arms = [
      { name: 'control', share: 1 },
      { name: 'treatment', share: 1 },
    ];
    const router = createRouter(table, { clock: () => now, experiment: { name, arms } } as RouterOptions<
      typeof table.routes
    >);
    let calls = 0;
    for (let user = 0; calls < users; user++) {
      const userId = `${name}-${user}`;
      const arm = armOf(name, arms, userId)?.name ?? '';
      if (!isKept(arm, user)) continue;
      now = begin + (days * day * calls) / users;
      calls++;
      await router.route(
        'job',
        async () => {
          now += arm === 'treatment' ? 500 + (user % 7) : 1_000 + (user % 11);
          return 'good';
        },
        { userId },
      );
    }
    await landed(2 * users);
  };
  // Every third user of the control arm gets lost: 60 to 40.
  await play('skewed', 400, (arm, user) => arm !== 'control' || user % 3 !== 0, 2);
  await play('even', 2_160, () => true, 8);
  const skewed = await routesCli('experiment', 'skewed');
  expect(skewed.sample_ratio.mismatch).toBe(true);
  expect(skewed.conclusive).toBe(false);
  expect(skewed.problems.join('\n')).toMatch(
    /not enough data: control has \d+ of 1000 calls[\s\S]*not enough data: 2\.0 of 7 days[\s\S]*sample ratio mismatch/,
  );
  const even = await routesCli('experiment', 'even');
  expect(even.problems).toEqual([]);
  expect(even.deltas[0].duration.high).toBeLessThan(-0.4);
  expect(even.deltas[0].duration.low).toBeGreaterThan(-0.6);
  expect((await routesCli('experiment', 'even', '--shares', 'control=60,treatment=40')).sample_ratio.mismatch).toBe(
    true,
  );
});
