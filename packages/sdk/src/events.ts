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
let sending: Promise<void> | undefined;

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

/** Sends what waits, one request at a time. What a silent sidecar does not take is given up. */
export function flushEvents(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  sending ??= sendAll().then(() => {
    sending = undefined;
    if (waiting.length > 0) timer ??= setTimeout(() => void flushEvents(), lingerMs).unref();
  });
  return sending;
}

async function sendAll(): Promise<void> {
  for (let isTaken = true; isTaken && waiting.length > 0; ) {
    const events = waiting;
    waiting = [];
    isTaken = await post('/v1/events', { events }, { withinMs: knownSidecar()?.patienceMs });
  }
}
