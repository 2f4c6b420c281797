/**
 * `store`: what a span costs from the request to rows in every table, over all the sidecar's processes.
 *
 * A sidecar with its engine takes routed calls (a call span and an attempt span below it, 20 attributes each) in
 * requests of 512 spans. CPU time of both processes is read, after a warm-up, before the first request and after
 * everything is in the tables and background merges have settled for a moment.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSidecarProcess } from '../sidecar.ts';
import { cpuSeconds, sendAll } from './cpu.ts';
import { type Figure, figure } from './figure.ts';
import { routedCalls } from './spans.ts';

const warmUpRequests = 100;
const requests = 300;
const spansPerRequest = 512;
const runs = 3;

export async function store(): Promise<Figure[]> {
  const total: number[] = [];
  const sidecar: number[] = [];
  const engine: number[] = [];
  const bodies = routedCalls(warmUpRequests + requests);
  const spans = requests * spansPerRequest;
  for (let run = 0; run < runs; run++) {
    const cpu = await measure(bodies);
    total.push(spans / (cpu.sidecar + cpu.engine));
    sidecar.push((cpu.sidecar / spans) * 1e6);
    engine.push((cpu.engine / spans) * 1e6);
  }
  return [
    figure(
      'spans_per_cpu_second',
      '1/s',
      total,
      'at least 60000, all processes of the sidecar',
      (value) => value >= 60_000,
    ),
    figure('sidecar_us_per_span', 'us', sidecar, 'at most 4: receive, walk, spool', (value) => value <= 4),
    figure('engine_us_per_span', 'us', engine, 'at most 12: decode, views, parts, merges', (value) => value <= 12),
  ];
}

async function measure(bodies: readonly Uint8Array[]): Promise<{ sidecar: number; engine: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const running = await startSidecarProcess(directory, ['--linger-ms', '3000']);
  try {
    const engine = running.enginePid();
    await sendAll(running.url, bodies.slice(0, warmUpRequests));
    await running.stored(warmUpRequests * spansPerRequest);
    const before = { sidecar: cpuSeconds(running.pid), engine: cpuSeconds(engine) };
    await sendAll(running.url, bodies.slice(warmUpRequests));
    await running.stored(bodies.length * spansPerRequest);
    await sleep(2_000); // merges that these inserts caused belong to their price
    return { sidecar: cpuSeconds(running.pid) - before.sidecar, engine: cpuSeconds(engine) - before.engine };
  } finally {
    await running.stop('SIGKILL');
    await sleep(300); // the engine ends with its parent
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
