/** `routescope serve`: runs until it is told to stop, then loads what it has and ends. */
import { readFileSync } from 'node:fs';
import { type Target, targetOf } from '../forward/target.ts';
import { startSidecar } from '../pipeline.ts';
import { clickhouse, daysOf, layout, layoutFrom, retention, retentionFrom, serverFrom } from './clickhouse.ts';
import { command, UsageError, whole } from './command.ts';
import { door, doorOf } from './door.ts';
import { data } from './options.ts';
import { watching, watchOf } from './watching.ts';

export const serve = command({
  name: 'serve',
  summary: 'take OTLP, keep it, answer questions',
  options: {
    data,
    ...door,
    ...watching,
    ...clickhouse,
    ...layout,
    ...retention,
    'linger-ms': {
      type: 'string',
      value: 'N',
      help: 'how long spans gather before they are loaded',
      env: 'ROUTESCOPE_LINGER_MS',
      otherwise: '1000',
    },
    'linger-rows': {
      type: 'string',
      value: 'N',
      help: 'or how many of them gather',
      env: 'ROUTESCOPE_LINGER_ROWS',
      otherwise: '100000',
    },
    'engine-patience-ms': {
      type: 'string',
      value: 'N',
      help: 'an engine that does not answer for so long is killed and started again',
      env: 'ROUTESCOPE_ENGINE_PATIENCE_MS',
      otherwise: '30000',
    },
    'max-store-mib': {
      type: 'string',
      value: 'N',
      help: 'how large the tables may get before their oldest days are dropped',
      env: 'ROUTESCOPE_MAX_STORE_MIB',
      otherwise: '20480',
    },
    'max-spool-mib': {
      type: 'string',
      value: 'N',
      help: 'how much may wait to be loaded before senders are told to come again',
      env: 'ROUTESCOPE_MAX_SPOOL_MIB',
      otherwise: '4096',
    },
    'max-spool-days': {
      type: 'string',
      value: 'DAYS',
      help: 'how long a span may wait to be loaded before it is given up, or forever',
      env: 'ROUTESCOPE_MAX_SPOOL_DAYS',
      otherwise: 'forever',
    },
    'max-forward-mib': {
      type: 'string',
      value: 'N',
      help: 'how far behind a forward target may be before it misses its oldest spans',
      env: 'ROUTESCOPE_MAX_FORWARD_MIB',
      otherwise: '1024',
    },
    'max-forward-days': {
      type: 'string',
      value: 'DAYS',
      help: 'how long a span may wait for a forward target before the target misses it, or forever',
      env: 'ROUTESCOPE_MAX_FORWARD_DAYS',
      otherwise: 'forever',
    },
    forward: {
      type: 'string',
      many: true,
      value: 'URL',
      help: 'pass every span on: http://host:4318 (OTLP/HTTP) or grpc://host:4317',
      env: 'ROUTESCOPE_FORWARD',
    },
    'forward-file': {
      type: 'string',
      value: 'FILE',
      help: 'more targets as JSON, with headers, filter and cuts (docs/forward.md)',
      env: 'ROUTESCOPE_FORWARD_FILE',
    },
  },
  async run({ values }, { log }) {
    const server = serverFrom(values);
    const sidecar = await startSidecar({
      dataDirectory: values.data,
      ...doorOf(values),
      server,
      layout: layoutFrom(values),
      retention: retentionFrom(values),
      lingerMs: whole('linger-ms', values['linger-ms'], 10, 3_600_000),
      enginePatienceMs: whole('engine-patience-ms', values['engine-patience-ms'], 100, 3_600_000),
      maxStoreBytes: whole('max-store-mib', values['max-store-mib'], 1, 1_000_000_000) * 1024 ** 2,
      lingerRows: whole('linger-rows', values['linger-rows'], 1, 10_000_000),
      maxSpoolBytes: whole('max-spool-mib', values['max-spool-mib'], 1, 1_000_000_000) * 1024 ** 2,
      maxSpoolAgeMs: ageOf('max-spool-days', values['max-spool-days']),
      forwardLagBytes: whole('max-forward-mib', values['max-forward-mib'], 1, 1_000_000_000) * 1024 ** 2,
      forwardAgeMs: ageOf('max-forward-days', values['max-forward-days']),
      watch: watchOf(values),
      forward: targets(values.forward, values['forward-file']),
      log,
    });
    log(
      `listening on ${sidecar.url} (OTLP at /v1/traces, questions at /query), data in ${values.data}${server ? ` and on ${server.shown}` : ''}`,
    );
    if (sidecar.grpcPort !== undefined) log(`OTLP/gRPC at port ${sidecar.grpcPort}`);
    await new Promise<void>((stop) => {
      process.once('SIGINT', () => stop());
      process.once('SIGTERM', () => stop());
    });
    log('stopping: loading what is spooled');
    await sidecar.close();
  },
});

/** In ms; undefined for ever. */
function ageOf(name: string, text: string): number | undefined {
  const days = daysOf(name, text);
  return days === undefined ? undefined : days * 86_400_000;
}

function targets(urls: readonly string[], file: string | undefined): readonly Target[] {
  try {
    const listed: unknown = file === undefined ? [] : JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(listed)) throw new Error(`${file}: expected a list of targets`);
    return [...urls, ...listed].map(targetOf);
  } catch (problem) {
    throw new UsageError(`--forward: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}
