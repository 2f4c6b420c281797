/**
 * `receive`: what a span costs from the request to the 200 that says it is on disk: HTTP, walk, redaction, seen-set,
 * records, checksum, group fsync. Spans of 32 attributes and 1.3 KB; 512, 16 and 1 of them a request, plain and gzip. Only
 * the CPU time of the sidecar's own process is counted: the load comes from this one, and the engine, which is given full
 * segments meanwhile, is another.
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

const runs = 3;

interface Load {
  readonly name: string;
  readonly spans: number;
  readonly warmUp: number;
  readonly requests: number;
  readonly connections: number;
  readonly gzip?: true;
  /** Spans per CPU-second. */
  readonly goal: number;
  readonly beside: string;
}

const collector = 'the OpenTelemetry Collector with its persistent, fsynced queue';
const loads: readonly Load[] = [
  {
    name: 'spans_per_cpu_second',
    spans: 512,
    warmUp: 150,
    requests: 300,
    connections: 6,
    goal: 500_000,
    beside: `${collector}: 94000 to 105000`,
  },
  {
    name: 'spans_per_cpu_second_gzip',
    spans: 512,
    warmUp: 150,
    requests: 300,
    connections: 6,
    gzip: true,
    goal: 400_000,
    beside: `${collector}: 84000`,
  },
  {
    name: 'spans_per_cpu_second_16',
    spans: 16,
    warmUp: 2_000,
    requests: 5_000,
    connections: 32,
    goal: 300_000,
    beside: `16 spans a request; ${collector}: 76000`,
  },
  {
    name: 'spans_per_cpu_second_16_gzip',
    spans: 16,
    warmUp: 2_000,
    requests: 5_000,
    connections: 32,
    gzip: true,
    goal: 200_000,
    beside: `16 spans a request, gzip; ${collector}: 65000`,
  },
  {
    name: 'spans_per_cpu_second_1',
    spans: 1,
    warmUp: 5_000,
    requests: 15_000,
    connections: 64,
    goal: 40_000,
    beside: `1 span a request; ${collector}: 12700`,
  },
];

export async function receive(): Promise<Figure[]> {
  const measured = loads.map(() => [] as number[]);
  const bodies = loads.map(({ spans, warmUp, requests, gzip }) => {
    const plain = routedCalls(warmUp + requests, 12, spans);
    return gzip ? plain.map((body) => gzipSync(body, { level: 6 })) : plain;
  });
  for (let run = 0; run < runs; run++)
    for (const [index, load] of loads.entries())
      measured[index]?.push(await measure(load, bodies[index] as readonly Uint8Array[]));
  return loads.map(({ name, goal, beside }, index) =>
    figure(name, '1/s', measured[index] as number[], `at least ${goal} (${beside})`, (value) => value >= goal),
  );
}

async function measure({ spans, warmUp, connections, gzip }: Load, bodies: readonly Uint8Array[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const running = await startSidecarProcess(directory, ['--linger-ms', '3600000']);
  const headers: Record<string, string> = gzip ? { 'content-encoding': 'gzip' } : {};
  try {
    await sendAll(running.url, bodies.slice(0, warmUp), headers, connections);
    const before = cpuSeconds(running.pid);
    await sendAll(running.url, bodies.slice(warmUp), headers, connections);
    return ((bodies.length - warmUp) * spans) / (cpuSeconds(running.pid) - before);
  } finally {
    await running.stop('SIGKILL');
    await sleep(300); // the engine ends with its parent
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
