/**
 * What the store knows, as metrics: counters per job and provider, and the value of every alert, by the same SQL as in
 * Grafana. Whatever scrapes and however often, the store is asked once in a while.
 */
import { type Alert, type Ask, alerts, readAlert, statement } from '@routescope/panels';
import type { Metric } from './metrics.ts';

export interface StoreMetricsOptions {
  readonly ask: Ask;
  /** Epoch ms. */
  readonly now?: () => number;
  /** How old a count may be, in ms. @default 15_000 */
  readonly maxAgeMs?: number;
}

/** Spans are loaded a moment after they are sent; alerts look at what is whole. */
const lagMs = 60_000;
/** The watch looks at drift every minute anyway and has metrics of its own; its query is not asked twice. */
const told = alerts.filter(({ id }) => id !== 'fallback_drift');

/** Alerts are of minutes. */
const alertAgeMs = 60_000;

type Row = Readonly<Record<string, string | number>>;

export function storeMetrics({ ask, now = Date.now, maxAgeMs = 15_000 }: StoreMetricsOptions): readonly Metric[] {
  const calls = remembered(maxAgeMs, now, () => ask(statement('metrics_calls'), {}) as Promise<Row[]>);
  const attempts = remembered(maxAgeMs, now, () => ask(statement('metrics_attempts'), {}) as Promise<Row[]>);
  const values = remembered(Math.max(alertAgeMs, maxAgeMs), now, async () => {
    const at = now() - lagMs;
    const rows: { labels: Record<string, string>; value: number }[] = [];
    for (const alert of told)
      for (const row of await readAlert(ask, alert, at))
        rows.push({ labels: { alert: alert.id, ...labelsOf(alert, row) }, value: Number(row['value']) });
    return rows;
  });
  const counter = (source: () => Promise<Row[]>, labels: readonly string[], name: string, help: string): Metric => ({
    name: `routescope_${name}_total`,
    help,
    type: 'counter',
    labels,
    read: async () =>
      (await source()).map((row) => ({
        labels: Object.fromEntries(labels.map((label) => [label, String(row[label])])),
        value: Number(row[name]),
      })),
  });
  const ofTag = (name: string, help: string): Metric => counter(calls, ['environment', 'tag'], name, help);
  const ofProvider = (name: string, help: string): Metric => counter(attempts, ['environment', 'provider'], name, help);
  return [
    ofTag('calls', 'Calls in the store.'),
    ofTag('checked_calls', 'Calls whose first answer came from a tier below the top and got a verdict.'),
    ofTag('fallbacks', 'Checked calls with a fallback to a higher tier.'),
    ofTag('failovers', 'Calls with a failover to another model after a failure.'),
    ofTag('failed_calls', 'Calls that ended without an answer.'),
    ofTag('priced_calls', 'Calls with a known cost.'),
    ofTag('cost_usd', 'What the priced calls cost, USD.'),
    ofProvider('attempts', 'Attempts in the store.'),
    ofProvider('failed_attempts', 'Attempts that brought no answer.'),
    {
      name: 'routescope_newest_call_timestamp_seconds',
      help: 'When the newest call in the store began, to the minute, epoch seconds.',
      type: 'gauge',
      labels: ['environment'],
      read: async () => {
        const newest = new Map<string, number>();
        for (const row of await calls()) {
          const environment = String(row['environment']);
          newest.set(environment, Math.max(newest.get(environment) ?? 0, Number(row['newest_call'])));
        }
        return [...newest].map(([environment, value]) => ({ labels: { environment }, value }));
      },
    },
    {
      name: 'routescope_alert_value',
      help: 'The number that an alert compares with its limit, evaluated once a minute as Grafana would.',
      type: 'gauge',
      labels: ['alert', ...new Set(told.flatMap((alert) => alert.keys))],
      read: values,
    },
  ];
}

const labelsOf = (alert: Alert, row: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(alert.keys.map((key) => [key, String(row[key])]));

/** Asks again when what it knows is older than `ageMs`; whoever asks meanwhile waits for the same answer. */
function remembered<T>(ageMs: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    if (answer === undefined || now() - askedAt >= ageMs) {
      askedAt = now();
      const asked = ask();
      answer = asked;
      asked.catch(() => {
        if (answer === asked) answer = undefined; // a failure is not remembered
      });
    }
    return answer;
  };
}
