import { type Ask, alerts, driftDefaults, statement } from '@routescope/panels';
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { storeMetrics } from './store-metrics.ts';
import { defaultSettings, parametersOf } from './watch/settings.ts';

const told = alerts.filter(({ id }) => id !== 'fallback_drift');
const counted = { environment: 'production', tag: 'rewrite-query', calls: 200, checked_calls: '100', fallbacks: 0 };
const rest = { failovers: 1, failed_calls: 2, priced_calls: 199, cost_usd: 1.25, newest_call: 1_795_000_000 };

function store() {
  let time = 1_795_000_060_000;
  const asked: string[] = [];
  const ask: Ask = async (sql) => {
    asked.push(sql);
    if (sql === statement('metrics_calls')) return [{ ...counted, ...rest }];
    if (sql === statement('metrics_attempts'))
      return [{ environment: 'production', provider: 'openai', attempts: 210, failed_attempts: 4 }];
    const alert = alerts.find(({ id }) => sql === statement(id));
    return [{ ...Object.fromEntries((alert?.keys ?? []).map((key) => [key, `some ${key}`])), value: 0.5 }];
  };
  const metrics = createMetrics();
  metrics.add(...storeMetrics({ ask, now: () => time }));
  const pass = (ms: number): void => {
    time += ms;
  };
  return { asked, metrics, pass };
}

test('the page has counters per job and provider, from 0, and the value of every alert', async () => {
  const { metrics } = store();
  const page = await metrics.text();
  expect(page).toContain('routescope_calls_total{environment="production",tag="rewrite-query"} 200');
  expect(page).toContain('routescope_checked_calls_total{environment="production",tag="rewrite-query"} 100');
  expect(page).toContain('routescope_fallbacks_total{environment="production",tag="rewrite-query"} 0');
  expect(page).toContain('routescope_cost_usd_total{environment="production",tag="rewrite-query"} 1.25');
  expect(page).toContain('routescope_failed_attempts_total{environment="production",provider="openai"} 4');
  expect(page).toContain('routescope_newest_call_timestamp_seconds{environment="production"} 1795000000');
  for (const { id, keys } of told)
    expect(page).toContain(
      `routescope_alert_value{alert="${id}",${keys.map((key) => `${key}="some ${key}"`).join(',')}} 0.5`,
    );
  metrics.close();
});

test('the store is asked for counts every 15 seconds and for alerts every minute, however often one scrapes', async () => {
  const { asked, metrics, pass } = store();
  await Promise.all([metrics.text(), metrics.text()]);
  expect(asked).toHaveLength(2 + told.length);
  pass(14_999);
  await metrics.text();
  expect(asked).toHaveLength(2 + told.length);
  pass(1);
  await metrics.text();
  expect(asked).toHaveLength(4 + told.length);
  pass(45_000);
  await metrics.text();
  expect(asked).toHaveLength(6 + 2 * told.length);
  metrics.close();
});

test('a store that is away leaves its metrics out of the page, and is asked again', async () => {
  let isAway = true;
  const metrics = createMetrics();
  const ask: Ask = async () => {
    if (isAway) throw new Error('away');
    return [{ ...counted, ...rest }];
  };
  metrics.add(...storeMetrics({ ask, now: () => 0 }));
  expect(await metrics.text()).not.toContain('routescope_calls_total{');
  isAway = false;
  expect(await metrics.text()).toContain('routescope_calls_total{');
  metrics.close();
});

test('panels and rules ask the drift detector with the settings it has by default', () => {
  expect(driftDefaults).toEqual(parametersOf(defaultSettings));
});
