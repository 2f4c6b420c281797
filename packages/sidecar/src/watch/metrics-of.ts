/** What Prometheus may want to know of the watch. */
import type { DriftRow } from '@routescope/panels';
import type { Metric } from '../metrics.ts';

/** Of every key evidence, threshold and rates, and whether an alarm is open. */
export function metricsOf(latest: () => readonly DriftRow[], counters: Readonly<Record<string, number>>): Metric[] {
  const labels = ['environment', 'tag', 'model', 'direction'];
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
          const { environment, tag, first_model: model, question: direction } = row;
          return read === null ? [] : [{ labels: { environment, tag, model, direction }, value: read }];
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
    ofKeys('routescope_drift_rate_before', 'Fallback rate before the likeliest change.', (row) => row.rate_before),
    ofKeys('routescope_drift_rate_after', 'Fallback rate since the likeliest change.', (row) => row.rate_after),
    {
      name: 'routescope_drift_looks_total',
      help: 'Looks at all keys.',
      type: 'counter',
      read: () => counters['looks'] as number,
    },
    {
      name: 'routescope_drift_failed_looks_total',
      help: 'Looks that failed.',
      type: 'counter',
      read: () => counters['failed'] as number,
    },
    {
      name: 'routescope_drift_look_seconds',
      help: 'How long the last look took.',
      type: 'gauge',
      read: () => counters['seconds'] as number,
    },
    {
      name: 'routescope_drift_notices_total',
      help: 'Messages delivered.',
      type: 'counter',
      read: () => counters['sent'] as number,
    },
    {
      name: 'routescope_drift_undelivered_total',
      help: 'Times a message could not be delivered.',
      type: 'counter',
      read: () => counters['undelivered'] as number,
    },
  ];
}
