/** From the router to the number on the screen: known failures in, the panel's rates out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { panels, readPanel } from '@routescope/panels';
import { start } from '@routescope/sdk/node';
import { createRouter, routes, type TryOptions } from '@routescope/sdk/router';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-rates-'));
let sidecar: SidecarProcess;
beforeAll(async () => {
  sidecar = await startSidecarProcess(directory, ['--linger-ms', '50']);
});
afterAll(async () => {
  await sidecar.stop('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
});

const unavailable = Object.assign(new Error('unavailable'), { status: 503 });

test('1,000 routed calls, 80 rejected first answers and 50 failing providers: 0.080 of the checked, 50 beside it', async () => {
  const telemetry = start({ serviceName: 'rates', endpoint: sidecar.url, exitTimeoutMs: 30_000 });
  const tier = (name: string) => ({ name, model: name, via: () => '' });
  const table = routes({
    job: { why: 'known', caughtBy: 'regex', tiers: [tier('small'), tier('mid'), tier('top')], validate: /^good$/ },
  });
  const router = createRouter(table, { sleep: async () => {} });
  const from = Date.now();
  for (let index = 0; index < 1_000; index++) {
    const isFailing = index % 20 === 19; // 50: the first tier, and its retry
    const isRejected = index % 25 < 2; // 80, none of them among the failing
    await router.route('job', async ({ model }: TryOptions) => {
      if (isFailing && model === 'small') throw unavailable;
      return isRejected && model === 'small' ? 'bad' : 'good';
    });
  }
  await telemetry.shutdown();
  await sidecar.stored(1_000 + 1_000 + 80 + 2 * 50);

  const client = createClient({ url: sidecar.url, pathname: '/query' });
  const panel = panels.find(({ id }) => id === 'fallback_rate');
  if (!panel) throw new Error('there is no panel fallback_rate');
  const rows = await readPanel(
    async (query, query_params) => (await client.query({ query, query_params, format: 'JSONEachRow' })).json(),
    panel,
    { from, to: Date.now() + 60_000 },
  );
  await client.close();
  expect(rows).toMatchObject([{ tag: 'job', fallback_rate: 0.08, checked_calls: 1_000, fallbacks: 80, failovers: 50 }]);
});
