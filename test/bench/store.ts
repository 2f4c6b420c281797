/**
 * `store`: what a span costs from the request to rows in every table, over all the sidecar's processes.
 *
 * A sidecar with its engine takes routed calls (a call span and an attempt span below it, 20 attributes each) in
 * requests of 512 spans; CPU time of both processes is read before the first request and after everything is in the
 * tables and background merges have settled for a moment. The same segment is then loaded into engines that have only
 * the first tables, to say where the engine's time goes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Figure, figure } from './figure.ts';
import { routedCalls } from './spans.ts';

const cli = fileURLToPath(new URL('../../../packages/sidecar/dist/cli/main.js', import.meta.url));
const warmUpRequests = 100;
const requests = 300;
const runs = 3;
const ticksPerSecond = 100;

interface Cpu {
  readonly sidecar: number;
  readonly engine: number;
}

export async function store(): Promise<Figure[]> {
  const total: number[] = [];
  const sidecar: number[] = [];
  const engine: number[] = [];
  const batches = routedCalls(warmUpRequests + requests);
  const spans = requests * 512;
  for (let run = 0; run < runs; run++) {
    const cpu = await sendAll(batches);
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
    figure('sidecar_us_per_span', 'us', sidecar, 'at most 3: receive, walk, spool', (value) => value <= 3),
    figure('engine_us_per_span', 'us', engine, 'at most 14: decode, views, parts, merges', (value) => value <= 14),
  ];
}

async function sendAll(batches: readonly Uint8Array[]): Promise<Cpu> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-'));
  const child = spawn(process.execPath, [cli, 'serve', '--data', directory, '--port', '0', '--linger-ms', '3000'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const url = await listening(child.stderr);
    const engine = childOf(child.pid as number);
    const now = (): Cpu => ({ sidecar: cpuSeconds(child.pid as number), engine: cpuSeconds(engine) });
    await send(url, batches.slice(0, warmUpRequests));
    await stored(url, warmUpRequests * 512);
    const before = now();
    await send(url, batches.slice(warmUpRequests));
    await stored(url, batches.length * 512);
    await sleep(2_000); // merges that these inserts caused belong to their price
    const after = now();
    return { sidecar: after.sidecar - before.sidecar, engine: after.engine - before.engine };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await sleep(200);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function send(url: string, batches: readonly Uint8Array[]): Promise<void> {
  const queue = [...batches];
  const connection = async (): Promise<void> => {
    for (let body = queue.pop(); body; body = queue.pop()) {
      const answer = await fetch(`${url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: Buffer.from(body),
      });
      if (answer.status !== 200) throw new Error(`the sidecar answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 4 }, connection));
}

async function stored(url: string, spans: number): Promise<void> {
  for (;;) {
    const status = (await (await fetch(`${url}/status`)).json()) as { stored: number };
    if (status.stored === spans) return;
    if (status.stored > spans) throw new Error(`stored ${status.stored} of ${spans} spans`);
    await sleep(200);
  }
}

async function listening(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const url = /listening on (\S+)/.exec(line)?.[1];
    if (url) {
      stderr.resume();
      return url;
    }
  }
  throw new Error('the sidecar ended before it listened');
}

/** User and system time of a process so far, from /proc (Linux). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}
