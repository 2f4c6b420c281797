/**
 * The parts that look at a sidecar under a steady 5,000 spans a second, in requests of 512, for 20 s (`--quick`: 5 s, but
 * for `acknowledge`: a p99 of 50 requests is the slowest of them):
 *
 * - `freshness`: from the end of a span until a query finds its call, everything in between by the product's defaults
 * - `memory`: what both processes hold at most meanwhile, and how long the sidecar's event loop is held up
 * - `acknowledge`: how long a sender waits for its 200, with four queries of ten seconds running all the time
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { type Figure, figure } from './figure.ts';
import { routedCalls } from './spans.ts';

const spansPerSecond = 5_000;
const spansPerRequest = 512;
/** More than it takes to make the body of a request. */
const makingMs = 40;
const mebi = 1024 * 1024;

interface Options {
  readonly quick: boolean;
}

interface Steady {
  /** Seconds, one a request. */
  readonly freshness: readonly number[];
  /** Milliseconds, one a request. */
  readonly acknowledged: readonly number[];
  readonly sidecarBytes: number;
  readonly engineBytes: number;
  readonly loopDelayMs: number;
}

export async function freshness(options: Options): Promise<Figure[]> {
  const run = await steady({ ...options, isQueried: false });
  return [
    figure('freshness_p50_s', 's', [quantile(run.freshness, 0.5)], 'half of the p99', () => true),
    figure('freshness_p99_s', 's', [quantile(run.freshness, 0.99)], 'below 2', (value) => value < 2),
  ];
}

export async function memory(options: Options): Promise<Figure[]> {
  const { sidecarBytes, engineBytes, loopDelayMs } = await steady({ ...options, isQueried: false });
  const goal = (most: number) => `below ${most} MiB at ${spansPerSecond} spans a second`;
  return [
    figure('sidecar_mib', 'MiBy', [sidecarBytes / mebi], goal(150), (value) => value < 150),
    figure('engine_mib', 'MiBy', [engineBytes / mebi], goal(700), (value) => value < 700),
    figure('event_loop_delay_p99_ms', 'ms', [loopDelayMs], 'below 50', (value) => value < 50),
  ];
}

export async function acknowledge(): Promise<Figure[]> {
  const alone = quantile((await steady({ quick: false, isQueried: false })).acknowledged, 0.99);
  const { acknowledged } = await steady({ quick: false, isQueried: true });
  return [
    figure(
      'acknowledge_p99_ms_alone',
      'ms',
      [alone],
      'the same without the queries: what this machine does',
      () => true,
    ),
    figure(
      'acknowledge_p99_ms',
      'ms',
      [quantile(acknowledged, 0.99)],
      'below 50, four queries of 10 s running',
      (value) => value < 50,
    ),
  ];
}

async function steady({ isQueried, quick }: Options & { readonly isQueried: boolean }): Promise<Steady> {
  const seconds = quick ? 5 : 20;
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const sidecar = await startSidecarProcess(directory);
  const engine = sidecar.enginePid();
  const acknowledged: number[] = [];
  const seen: { at: number; newest: number }[] = [];
  let isOver = false;
  const until = async (step: () => Promise<unknown>): Promise<void> => {
    while (!isOver) await step();
  };
  try {
    // Made before, and ending when they are sent: the sender is not to hold up what it measures.
    const requests = Math.floor((seconds * spansPerSecond) / spansPerRequest);
    const began = Date.now() + requests * makingMs;
    const ends = Array.from({ length: requests }, (_, at) => began + (at * spansPerRequest * 1_000) / spansPerSecond);
    const bodies = ends.map((endedAt) => routedCalls(1, 0, spansPerRequest, Math.floor(endedAt))[0] as Uint8Array);
    await send(sidecar, routedCalls(1, 0, spansPerRequest, Date.now() - 60_000)[0] as Uint8Array); // code that has run before is what is measured
    await sidecar.stored(spansPerRequest);
    const others = [
      until(async () => {
        seen.push({ newest: await newestEnd(sidecar), at: Date.now() });
        await sleep(50);
      }),
      ...(isQueried ? Array.from({ length: 4 }, () => until(() => slowQuery(sidecar))) : []),
    ];
    const sending: Promise<unknown>[] = [];
    for (const [index, body] of bodies.entries()) {
      await sleep(Math.max(0, (ends[index] as number) - Date.now()));
      sending.push(send(sidecar, body).then((ms) => acknowledged.push(ms)));
    }
    await Promise.all(sending);
    const last = Math.floor(ends.at(-1) as number);
    for (let looks = 0; looks < 600 && (seen.at(-1)?.newest ?? 0) < last; looks++) await sleep(50);
    isOver = true;
    const metrics = await (await fetch(`${sidecar.url}/metrics`)).text();
    const result = {
      freshness: ends.map(
        (end) => ((seen.find(({ newest }) => newest >= Math.floor(end))?.at ?? Number.NaN) - end) / 1_000,
      ),
      acknowledged,
      sidecarBytes: sidecar.memoryBytes(),
      engineBytes: peakOf(engine),
      loopDelayMs: Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1]) * 1_000,
    };
    await sidecar.stop('SIGKILL'); // also ends the queries that are running
    await Promise.allSettled(others);
    return result;
  } finally {
    await sidecar.stop('SIGKILL');
    await sleep(300); // the engine ends with its parent
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** @returns milliseconds until the 200. */
async function send(sidecar: SidecarProcess, body: Uint8Array): Promise<number> {
  const began = performance.now();
  const answer = await fetch(`${sidecar.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from(body),
  });
  const took = performance.now() - began;
  if (answer.status !== 200) throw new Error(`the sidecar answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  return took;
}

/** Epoch milliseconds at which the newest call of the last minute ended; 0 without one. */
async function newestEnd(sidecar: SidecarProcess): Promise<number> {
  const since = Math.floor(Date.now() / 1_000) - 60;
  const answer = await ask(
    sidecar,
    `SELECT toUnixTimestamp64Milli(max(c.started_at)) + 1000 FROM routescope.calls AS c WHERE c.started_at > toDateTime(${since}) FORMAT TabSeparated`,
  );
  return Number(answer) || 0;
}

/** Every span against every other: it does not end within its ten seconds. */
const slowQuery = (sidecar: SidecarProcess): Promise<string> =>
  ask(
    sidecar,
    'SELECT count() FROM routescope.otel_traces AS a CROSS JOIN routescope.otel_traces AS b WHERE a.SpanId > b.TraceId',
    '?max_execution_time=10',
  );

async function ask(sidecar: SidecarProcess, sql: string, settings = ''): Promise<string> {
  const answer = await fetch(`${sidecar.url}/query${settings}`, { method: 'POST', body: sql }).catch(() => undefined);
  return (await answer?.text().catch(() => '')) ?? '';
}

const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
