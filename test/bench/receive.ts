/**
 * `receive`: what a span costs from the request to the 200 that says it is on disk: HTTP, walk, redaction, seen-set,
 * records, checksum, group fsync. Requests of 512 spans, 32 attributes and 1.3 KB a span, plain and gzip; the engine
 * idles meanwhile, and the load comes from this process, so only the sidecar's CPU time is counted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { startSidecarProcess } from '../sidecar.ts';
import { cpuSeconds, sendAll } from './cpu.ts';
import { type Figure, figure } from './figure.ts';
import { routedCalls } from './spans.ts';

const warmUpRequests = 100;
const requests = 200;
const runs = 3;

export async function receive(): Promise<Figure[]> {
  const bodies = routedCalls(warmUpRequests + requests, 12);
  const zipped = bodies.map((body) => gzipSync(body, { level: 6 }));
  const plain: number[] = [];
  const gzip: number[] = [];
  for (let run = 0; run < runs; run++) {
    plain.push(await measure(bodies, {}));
    gzip.push(await measure(zipped, { 'content-encoding': 'gzip' }));
  }
  return [
    figure(
      'spans_per_cpu_second',
      '1/s',
      plain,
      'at least 200000: twice the OpenTelemetry Collector with its persistent queue (94000 to 105000)',
      (value) => value >= 200_000,
    ),
    figure('spans_per_cpu_second_gzip', '1/s', gzip, 'at least 160000, gzip requests', (value) => value >= 160_000),
  ];
}

async function measure(bodies: readonly Uint8Array[], headers: Record<string, string>): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const running = await startSidecarProcess(directory, ['--linger-ms', '3600000']);
  try {
    await sendAll(running.url, bodies.slice(0, warmUpRequests), headers);
    const before = cpuSeconds(running.pid);
    await sendAll(running.url, bodies.slice(warmUpRequests), headers);
    return ((bodies.length - warmUpRequests) * 512) / (cpuSeconds(running.pid) - before);
  } finally {
    await running.stop('SIGKILL');
    await sleep(300); // the engine ends with its parent
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
