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
const requests = 500;
const spansPerRequest = 512;
const runs = 3;

export async function store(): Promise<Figure[]> {
  const wall: number[] = [];
  const total: number[] = [];
  const sidecar: number[] = [];
  const engine: number[] = [];
  const bodies = routedCalls(warmUpRequests + requests);
  const spans = requests * spansPerRequest;
  for (let run = 0; run < runs; run++) {
    const cpu = await measure(bodies);
    wall.push(spans / cpu.seconds);
    total.push(spans / (cpu.sidecar + cpu.engine));
    sidecar.push((cpu.sidecar / spans) * 1e6);
    engine.push((cpu.engine / spans) * 1e6);
  }
  return [
    figure(
      'spans_per_second',
      '1/s',
      wall,
      'at least 60000, by the clock, with the sender on the same two cores',
      (value) => value >= 60_000,
    ),
    figure(
      'spans_per_second_of_two_cores',
      '1/s',
      total.map((value) => value * 2),
      'at least 60000: two CPU seconds of all processes of the sidecar, whoever else uses the machine',
      (value) => value >= 60_000,
    ),
    figure('sidecar_us_per_span', 'us', sidecar, 'at most 4: receive, walk, spool', (value) => value <= 4),
    figure('engine_us_per_span', 'us', engine, 'at most 12: decode, views, parts, merges', (value) => value <= 12),
  ];
}

async function measure(bodies: readonly Uint8Array[]): Promise<{ sidecar: number; engine: number; seconds: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const running = await startSidecarProcess(directory, []);
  try {
    const engine = running.enginePid();
    await sendAll(running.url, bodies.slice(0, warmUpRequests));
    await running.stored(warmUpRequests * spansPerRequest);
    const before = { sidecar: cpuSeconds(running.pid), engine: cpuSeconds(engine) };
    const began = performance.now();
    await sendAll(running.url, bodies.slice(warmUpRequests));
    await running.stored(bodies.length * spansPerRequest);
    const seconds = (performance.now() - began) / 1_000;
    await sleep(2_000); // merges that these inserts caused belong to their price
    return { seconds, sidecar: cpuSeconds(running.pid) - before.sidecar, engine: cpuSeconds(engine) - before.engine };
  } finally {
    await running.stop('SIGKILL');
    await sleep(300); // the engine ends with its parent
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
