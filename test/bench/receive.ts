/**
 * `receive`: what a span costs from the request to the 200 that says it is on disk: HTTP, walk, redaction, seen-set,
 * records, checksum, group fsync. Spans of 32 attributes and 1.3 KB; 512, 16 and 1 of them a request, plain and gzip. Only
 * the CPU time of the sidecar's own process is counted: the load comes from this one, and the engine, which is given full
 * segments meanwhile, is another. Where there is a Collector (`OTELCOL`), it takes turns with us on the same bodies.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { startSidecarProcess } from '../sidecar.ts';
import { findCollector, startCollector } from './collector.ts';
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
  /** Name of the figure that says how many times as many as the Collector, and how many it should be. */
  readonly ratio: string;
  readonly times: number;
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
    ratio: 'ratio_to_collector_512',
    times: 5,
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
    ratio: 'ratio_to_collector_512_gzip',
    times: 5,
  },
  {
    name: 'spans_per_cpu_second_16',
    spans: 16,
    warmUp: 2_000,
    requests: 5_000,
    connections: 32,
    goal: 300_000,
    beside: `16 spans a request; ${collector}: 76000`,
    ratio: 'ratio_to_collector_16',
    times: 4,
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
    ratio: 'ratio_to_collector_16_gzip',
    times: 4,
  },
  {
    name: 'spans_per_cpu_second_1',
    spans: 1,
    warmUp: 5_000,
    requests: 15_000,
    connections: 64,
    goal: 40_000,
    beside: `1 span a request; ${collector}: 12700`,
    ratio: 'ratio_to_collector_1',
    times: 3,
  },
];

export async function receive(): Promise<Figure[]> {
  const otelcol = findCollector();
  const ours = loads.map(() => [] as number[]);
  const ratios = loads.map(() => [] as number[]);
  const collectors = loads.map(() => [] as number[]);
  const bodies = loads.map(({ spans, warmUp, requests, gzip }) => {
    const plain = routedCalls(warmUp + requests, 12, spans);
    return gzip ? plain.map((body) => gzipSync(body, { level: 6 })) : plain;
  });
  for (let run = 0; run < runs; run++)
    for (const [index, load] of loads.entries()) {
      const sent = bodies[index] as readonly Uint8Array[];
      const our = await measure(load, sent, sidecar);
      ours[index]?.push(our);
      if (otelcol === undefined) continue;
      const its = await measure(load, sent, (directory) => startCollector(otelcol, directory));
      collectors[index]?.push(its);
      ratios[index]?.push(our / its);
    }
  const figures = loads.map(({ name, goal, beside }, index) =>
    figure(name, '1/s', ours[index] as number[], `at least ${goal} (${beside})`, (value) => value >= goal),
  );
  if (otelcol === undefined) return figures;
  for (const [index, { name, ratio, times }] of loads.entries()) {
    const its = collectors[index] as number[];
    figures.push(
      figure(`collector_${name}`, '1/s', its, `none: ${collector}, on the same bodies`, () => true),
      figure(
        ratio,
        '1',
        ratios[index] as number[],
        `at least ${times}: ours over the Collector's`,
        (value) => value >= times,
      ),
    );
  }
  return figures;
}

interface Contestant {
  readonly url: string;
  readonly pid: number;
  stop(signal: 'SIGKILL'): Promise<void>;
}

const sidecar = (directory: string): Promise<Contestant> => startSidecarProcess(directory, ['--linger-ms', '3600000']);

/** @returns spans per CPU-second of the contestant's process. */
async function measure(
  { spans, warmUp, connections, gzip }: Load,
  bodies: readonly Uint8Array[],
  start: (directory: string) => Promise<Contestant>,
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  try {
    const running = await start(directory);
    const headers: Record<string, string> = gzip ? { 'content-encoding': 'gzip' } : {};
    try {
      await sendAll(running.url, bodies.slice(0, warmUp), headers, connections);
      const before = cpuSeconds(running.pid);
      await sendAll(running.url, bodies.slice(warmUp), headers, connections);
      return ((bodies.length - warmUp) * spans) / (cpuSeconds(running.pid) - before);
    } finally {
      await running.stop('SIGKILL');
      await sleep(300); // the engine ends with its parent
    }
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
