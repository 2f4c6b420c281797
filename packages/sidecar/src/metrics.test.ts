import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('counts are read when somebody asks, with their labels escaped', async () => {
  const metrics = createMetrics();
  let stored = 3;
  metrics.add(
    { name: 'routescope_stored_spans_total', help: 'Stored.', type: 'counter', read: () => stored },
    {
      name: 'routescope_queued_spans',
      help: 'Waiting.',
      type: 'gauge',
      labels: ['target'],
      read: async () => [
        { labels: { target: 'clickhouse' }, value: 0 },
        { labels: { target: 'a "quoted"\nname' }, value: 2 },
      ],
    },
  );
  expect(await metrics.text()).toContain(
    '# HELP routescope_stored_spans_total Stored.\n# TYPE routescope_stored_spans_total counter\nroutescope_stored_spans_total 3\n',
  );
  stored = 5;
  const page = await metrics.text();
  expect(page).toContain('\nroutescope_stored_spans_total 5\n');
  expect(page).toContain('routescope_queued_spans{target="clickhouse"} 0\n');
  expect(page).toContain(String.raw`routescope_queued_spans{target="a \"quoted\"\nname"} 2`);
  metrics.close();
});

test('a metric that cannot be read is left out, counted, and takes no other with it', async () => {
  const metrics = createMetrics();
  metrics.add(
    {
      name: 'routescope_broken',
      help: 'Broken.',
      type: 'gauge',
      read: () => Promise.reject(new Error('the engine is away')),
    },
    { name: 'routescope_fine', help: 'Fine.', type: 'gauge', read: () => 1 },
  );
  await metrics.text();
  const page = await metrics.text();
  expect(page).not.toMatch(/^routescope_broken /m);
  expect(page).toContain('\nroutescope_fine 1\n');
  expect(page).toMatch(/\nroutescope_unread_metrics_total [12]\n/);
  metrics.close();
});

test('a histogram has buckets, and the process says how it is', async () => {
  const metrics = createMetrics();
  metrics.histogram('routescope_acknowledge_seconds', 'Until the 200.', [0.01, 0.05]).observe(0.02);
  const page = await metrics.text();
  expect(page).toContain('routescope_acknowledge_seconds_bucket{le="0.05"} 1\n');
  expect(page).toContain('routescope_acknowledge_seconds_bucket{le="0.01"} 0\n');
  expect(page).toMatch(/\nprocess_resident_memory_bytes \d+\n/);
  expect(page).toMatch(/\nnodejs_eventloop_lag_p99_seconds /);
  metrics.close();
});
