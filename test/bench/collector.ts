/** The OpenTelemetry Collector doing what the sidecar does until its 200: taken means on disk, in its persistent queue. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../interop/port.ts';
import { find, type Running, start, until } from '../interop/programs.ts';

export interface Collector extends Running {
  readonly url: string;
}

const extension = 'file_storage';

/** A Collector that can keep its queue on disk; when there is none, says why nothing is compared. */
export function findCollector(): string | undefined {
  const otelcol = find('OTELCOL');
  if (otelcol && spawnSync(otelcol, ['components'], { encoding: 'utf8' }).stdout.includes(`name: ${extension}`))
    return otelcol;
  const why = otelcol
    ? `${otelcol} is built without ${extension}`
    : 'no OpenTelemetry Collector; name one with OTELCOL';
  process.stderr.write(`not compared: ${why}\n`);
  return undefined;
}

/**
 * Its exporter's target is dead and it does not try again for hours, so what it takes is queued and nothing else happens.
 * @param directory where the queue is; made.
 */
export async function startCollector(otelcol: string, directory: string): Promise<Collector> {
  const queue = join(directory, 'queue');
  mkdirSync(queue, { recursive: true });
  const port = await freePort();
  const later = '10h';
  const config = {
    extensions: { [extension]: { directory: queue, fsync: true } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: {
      otlp_http: {
        endpoint: 'http://127.0.0.1:1',
        sending_queue: { storage: extension, queue_size: 1_000_000, num_consumers: 1 },
        retry_on_failure: { initial_interval: later, max_interval: later, max_elapsed_time: 0 },
      },
    },
    service: {
      extensions: [extension],
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
    },
  };
  writeFileSync(join(directory, 'config.yaml'), JSON.stringify(config));
  const running = start(otelcol, [`--config=${join(directory, 'config.yaml')}`]);
  const url = `http://127.0.0.1:${port}`;
  try {
    await until('the Collector listens', 30, async () => (await fetch(url)).status > 0 || undefined);
  } catch (problem) {
    await running.stop();
    throw problem;
  }
  return { ...running, url };
}
