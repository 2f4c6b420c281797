/** What Prometheus may want to know of the watch. */
import type { DriftRow } from '@routescope/panels';
import type { Metric } from '../metrics.ts';

/** Of every key and signal evidence, threshold and rates, and whether an alarm is open. */
export function metricsOf(latest: () => readonly DriftRow[], counters: Readonly<Counters>): Metric[] {
  const labels = ['signal', 'environment', 'tag', 'model', 'direction'];
  const ofKeys = (name: string, help: string, value: (row: DriftRow) => number | null): Metric => ({
    name,
    help,
    type: 'gauge',
    labels,
    read: () =>
      latest()
        .filter(({ question }) => question === 'rise' || question === 'fall')
        .flatMap((row) => {
          const read = value(row);
          const { signal, environment, tag, first_model: model, question: direction } = row;
          return read === null ? [] : [{ labels: { signal, environment, tag, model, direction }, value: read }];
        }),
  });
  return [
    ofKeys(
      'routescope_drift_evidence_weeks',
      'How long a healthy key takes, on average, to show as much.',
      (row) => row.evidence_weeks,
    ),
    ofKeys(
      'routescope_drift_threshold_weeks',
      'Evidence from which on it is an alarm.',
      (row) => row.threshold_minutes / 10_080,
    ),
    ofKeys('routescope_drift_alarm_open', '1 while an alarm is open.', (row) => row.is_open),
    ofKeys('routescope_drift_rate_before', 'Rate before the likeliest change.', (row) => row.rate_before),
    ofKeys('routescope_drift_rate_after', 'Rate since the likeliest change.', (row) => row.rate_after),
    ...own.map(([name, help, type, counter]) => ({
      name: `routescope_drift_${name}`,
      help,
      type,
      read: () => counters[counter],
    })),
  ];
}

/** What the watch counts of itself. */
export interface Counters {
  looks: number;
  failed: number;
  seconds: number;
  sent: number;
  undelivered: number;
}

const own: readonly (readonly [name: string, help: string, type: 'counter' | 'gauge', counter: keyof Counters])[] = [
  ['looks_total', 'Looks at all keys.', 'counter', 'looks'],
  ['failed_looks_total', 'Looks that failed.', 'counter', 'failed'],
  ['look_seconds', 'How long the last look took.', 'gauge', 'seconds'],
  ['notices_total', 'Messages delivered.', 'counter', 'sent'],
  ['undelivered_total', 'Times a message could not be delivered.', 'counter', 'undelivered'],
];
