/** What the router did that is no call: a table loaded, a circuit opened, a budget spent. Sent to the sidecar, if known. */
import type { ReportedEventKind } from '@routescope/conventions';
import { knownSidecar, post } from './sidecar.ts';
import { countFailure } from './telemetry.ts';

export interface RouterEvent {
  readonly kind: Extract<ReportedEventKind, 'route_table' | 'breaker' | 'budget'>;
  /** What it is about: a version, a provider, a budget. */
  readonly name: string;
  /** `loaded`, `changed`, `refused`; `open`, `half_open`, `closed`; `warned`, `exceeded`. */
  readonly state: string;
  readonly tag?: string;
  /** One sentence for people. */
  readonly text: string;
  /** Units in the names. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** Epoch ms. */
  readonly at: number;
}

/** Events that wait at most; what is over it is dropped, and counted as a failure of telemetry. */
const maxWaiting = 1_000;
const lingerMs = 200;
let waiting: object[] = [];
let timer: NodeJS.Timeout | undefined;
let sending: Promise<unknown> = Promise.resolve();

/** Queues the event. Never throws, never waits; does nothing while no sidecar is known. */
export function sendEvent(event: RouterEvent): void {
  const sidecar = knownSidecar();
  if (!sidecar) return;
  if (waiting.length >= maxWaiting) {
    countFailure();
    return;
  }
  const { environment, service } = sidecar;
  waiting.push({ ...event, ...(environment && { environment }), ...(service && { service }), by: 'router' });
  timer ??= setTimeout(() => void flushEvents(), lingerMs);
  timer.unref();
}

/** Sends what waits. */
export function flushEvents(): Promise<unknown> {
  clearTimeout(timer);
  timer = undefined;
  const events = waiting;
  waiting = [];
  if (events.length > 0) sending = sending.then(() => post('/v1/events', { events }));
  return sending;
}
