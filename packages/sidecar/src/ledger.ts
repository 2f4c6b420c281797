/**
 * What became of the spans: as one sum for each target, and as metrics.
 * received = duplicate + rejected + stored + queued + set aside, where what was found on disk at start is received, and
 * set aside is what the target will not get.
 */
import type { ForwardStatus } from './forward/forward.ts';
import type { Metric } from './metrics.ts';
import type { SidecarStatus } from './pipeline.ts';

/** Named `clickhouse` beside the forward targets, which are named by their users. */
const store = 'clickhouse';

/** Of one target, in spans, since the process started. */
export interface Account {
  readonly target: string;
  /** What was found on disk for this target at start is in it. */
  readonly received: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly stored: number;
  readonly queued: number;
  /** Will not reach the target: refused by it, of far-off time, given up for age or lag, left out by its filter. */
  readonly set_aside: number;
}

/** Of the store. */
export function storeAccount(status: SidecarStatus): Account {
  const { received, recovered, duplicate, rejected, stored, queued, deadLettered, diverted, expired } = status;
  const set_aside = deadLettered + diverted + expired;
  return { target: store, received: received + recovered, duplicate, rejected, stored, queued, set_aside };
}

/** @param atStart the status before anything was received: what then lay on disk for each target counts as received. */
export function accountsOf(status: SidecarStatus, atStart: SidecarStatus): Account[] {
  const { received, duplicate, rejected, forward } = status;
  return [
    storeAccount(status),
    ...forward.map((each, index) => {
      const before = placesOf(atStart.forward[index] as ForwardStatus);
      const found = before.stored + before.queued + before.set_aside;
      return { target: each.name, received: received + found, duplicate, rejected, ...placesOf(each) };
    }),
  ];
}

const placesOf = ({ stored, queued, rejected, expired, skipped, filtered }: ForwardStatus) => ({
  stored,
  queued,
  set_aside: rejected + expired + skipped + filtered,
});

/** Spans that are nowhere; below 0, somewhere twice. */
export const unaccounted = (account: Account): number =>
  account.received - account.duplicate - account.rejected - account.stored - account.queued - account.set_aside;

interface TargetReading {
  readonly labels: { readonly target: string };
  readonly value: number;
}

export function ledgerMetrics(status: () => SidecarStatus): readonly Metric[] {
  const counter = (name: string, help: string, read: (status: SidecarStatus) => number): Metric => ({
    name: `routescope_${name}_total`,
    help,
    type: 'counter',
    read: () => read(status()),
  });
  const perTarget = (
    read: (of: { stored: number; queued: number; expired: number }) => number,
  ): readonly TargetReading[] => {
    const { forward, ...own } = status();
    return [
      { labels: { target: store }, value: read(own) },
      ...forward.map((each) => ({ labels: { target: each.name }, value: read(each) })),
    ];
  };
  const perForward = (name: string, help: string, read: (of: ForwardStatus) => number): Metric => ({
    name: `routescope_forward_${name}_spans_total`,
    help,
    type: 'counter',
    labels: ['target'],
    read: () => status().forward.map((each) => ({ labels: { target: each.name }, value: read(each) })),
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
      read: () => perTarget(({ stored }) => stored),
    },
    {
      name: 'routescope_queued_spans',
      help: 'Spans on disk that have not reached the target yet.',
      type: 'gauge',
      labels: ['target'],
      read: () => perTarget(({ queued }) => queued),
    },
    {
      name: 'routescope_expired_spans_total',
      help: 'Spans given up because the target had not taken them when they were older than the bound.',
      type: 'counter',
      labels: ['target'],
      read: () => perTarget(({ expired }) => expired),
    },
    counter(
      'dead_lettered_spans',
      'Spans the engine will never take, set aside as files.',
      (each) => each.deadLettered,
    ),
    counter(
      'diverted_spans',
      'Spans set aside as files because their time is far from that of their arrival.',
      (each) => each.diverted,
    ),
    {
      name: 'routescope_load_held',
      help: '1 while nothing is loaded: the store has not been there since the start, or a person has to put it right.',
      type: 'gauge',
      read: () => (status().held === undefined ? 0 : 1),
    },
    {
      name: 'routescope_store_bytes',
      help: 'Bytes of the tables on disk.',
      type: 'gauge',
      read: () => status().storeBytes,
    },
    {
      name: 'routescope_dropped_rows_total',
      help: 'Rows dropped to stay below the cap on bytes, or because they were older than is kept.',
      type: 'counter',
      labels: ['table', 'because'],
      read: () => status().dropped.map(({ table, because, rows }) => ({ labels: { table, because }, value: rows })),
    },
    perForward('rejected', 'Spans the target said it will never take.', ({ rejected }) => rejected),
    perForward('skipped', 'Spans the target missed because it was too far behind.', ({ skipped }) => skipped),
    perForward('filtered', "Spans left out by the target's filter.", ({ filtered }) => filtered),
  ];
}
