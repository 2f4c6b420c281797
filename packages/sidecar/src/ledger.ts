/**
 * What became of the spans, as metrics. For every target: received = stored + duplicate + rejected + queued + dead-lettered,
 * once `recovered` (found on disk at start) is counted as received.
 */
import type { Metric } from './metrics.ts';
import type { SidecarStatus } from './pipeline.ts';

/** Named `clickhouse` beside the forward targets, which are named by their users. */
const store = 'clickhouse';

export function ledgerMetrics(status: () => SidecarStatus): readonly Metric[] {
  const counter = (name: string, help: string, read: (status: SidecarStatus) => number): Metric => ({
    name: `routescope_${name}_total`,
    help,
    type: 'counter',
    read: () => read(status()),
  });
  return [
    counter('received_spans', 'Spans in requests that were answered with 200.', ({ received }) => received),
    counter('recovered_spans', 'Spans found in the spool when this process started.', ({ recovered }) => recovered),
    counter('duplicate_spans', 'Spans that had been received before; dropped.', ({ duplicate }) => duplicate),
    counter('rejected_spans', 'Spans without usable ids; named in partial_success.', ({ rejected }) => rejected),
    counter(
      'refused_spans',
      'Spans not taken because the spool was full or the disk failed; the sender was told to send them again.',
      ({ refused }) => refused,
    ),
    counter('malformed_requests', 'Requests whose body could not be read.', (each) => each.malformedRequests),
    counter('engine_restarts', 'Times the engine was started again.', (each) => each.engineRestarts),
    counter('load_retries', 'Inserts that failed and were tried again.', ({ retries }) => retries),
    {
      name: 'routescope_cut_attributes_total',
      help: 'Attributes cut because they hold content, by the name they matched.',
      type: 'counter',
      labels: ['attribute'],
      read: () =>
        Object.entries(status().cutAttributes).map(([attribute, value]) => ({ labels: { attribute }, value })),
    },
    {
      name: 'routescope_stored_spans_total',
      help: 'Spans that reached the target.',
      type: 'counter',
      labels: ['target'],
      read: () => [{ labels: { target: store }, value: status().stored }],
    },
    {
      name: 'routescope_queued_spans',
      help: 'Spans on disk that have not reached the target yet.',
      type: 'gauge',
      labels: ['target'],
      read: () => [{ labels: { target: store }, value: status().queued }],
    },
    {
      name: 'routescope_dead_lettered_spans_total',
      help: 'Spans the target will never take, set aside as files.',
      type: 'counter',
      labels: ['target'],
      read: () => [{ labels: { target: store }, value: status().deadLettered }],
    },
  ];
}
