/** `start()`: OpenTelemetry for apps that have none, with queues that do not drop silently. */
import { readFileSync } from 'node:fs';
import type { Attributes } from '@opentelemetry/api';
import { parsePrices, type UserPrices } from '@routescope/conventions/prices';
import { type ContentMode, type ContentOptions, setDefaultContent } from '../content/settings.ts';
import { flushEvents } from '../events.ts';
import { closeDroppedInferences, closeOpenInferences } from '../observe/open.ts';
import { adopt } from '../otel/adopt.ts';
import { setDefaultPrices } from '../prices.ts';
import { requireOptional } from '../require.ts';
import { bearer, hasJustBeenSilent, setSidecar, usualEndpoint } from '../sidecar.ts';
import { telemetryFailures } from '../telemetry.ts';
import { type ExportStats, patientExporter } from './exporter.ts';
import { samplerOf } from './sampler.ts';

/** What is left out is asked of the environment, by the name each option gives. */
export interface StartOptions {
  /** `service.name` of every span. @default OTEL_SERVICE_NAME, else unknown_service */
  readonly serviceName?: string;
  /** `service.version`. @default OTEL_SERVICE_VERSION */
  readonly serviceVersion?: string;
  /** `deployment.environment.name`. @default ROUTESCOPE_ENVIRONMENT */
  readonly environment?: string;
  /** The sidecar. @default ROUTESCOPE_ENDPOINT, else http://127.0.0.1:4318 */
  readonly endpoint?: string;
  /** Bearer token of the sidecar, if it asks for one. @default ROUTESCOPE_TOKEN */
  readonly token?: string;
  /** Your own prices: a JSON file, or what it would hold. @default the file ROUTESCOPE_PRICES, else the catalog alone */
  readonly prices?: string | UserPrices;
  /**
   * Keep what was said: `off`, `metadata` or `full`, for clients that do not say it themselves.
   * @default ROUTESCOPE_CONTENT, else off
   */
  readonly content?: ContentMode | ContentOptions;
  /**
   * Share of the traces to keep, 0 to 1; each kept one says how many it stands for, and counts are weighted with it.
   * @default OTEL_TRACES_SAMPLER with OTEL_TRACES_SAMPLER_ARG, else all
   */
  readonly sampling?: number;
  /**
   * Record every routed call and every inference, whatever the sampler says of the rest.
   * @default ROUTESCOPE_EVERY_CALL, else false
   */
  readonly everyCall?: boolean;
  /** Put tag, session and cost on the inference spans of other instrumentations too. @default true */
  readonly adopt?: boolean;
  /**
   * How long the end of the process waits at most, ms, for a sidecar that does not answer; one that answers has
   * everything first. So long a request may stay without an answer at all. @default ROUTESCOPE_EXIT_TIMEOUT_MS, else 2000
   */
  readonly exitTimeoutMs?: number;
  /** More resource attributes. */
  readonly attributes?: Attributes;
}

/** Nothing here rejects: a sidecar that is away must not end the app. What could not be sent is in the stats. */
export interface Telemetry {
  /**
   * Sends what is queued, and closes the spans of answers that nobody can read any more. A stream that is being read
   * stays open. What is not taken stays queued.
   */
  flush(): Promise<void>;
  /** Closes every span that is still open, sends what is queued, and stops. What is not taken then is given up. */
  shutdown(): Promise<void>;
  /** What became of the spans so far. */
  stats(): ExportStats & { readonly failures: number };
}

/** Spans that wait at most; a minute of a busy app. What is over it is dropped, and counted. */
const maxQueueSize = 65_536;

/** @throws RangeError */
function checkPatience(ms: number): void {
  if (!(ms > 0 && ms <= longestTimer))
    throw new RangeError(`exitTimeoutMs: found ${ms}, expected milliseconds, more than 0`);
}
const longestTimer = 2 ** 31 - 1;

/** @throws TypeError, which shows nothing of a password in it. */
function checkEndpoint(endpoint: string): void {
  const shown = endpoint.replace(/.*@/s, '…@');
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint))
    throw new TypeError(`endpoint: found ${shown}, expected the URL of a sidecar, such as ${usualEndpoint}`);
  const { username, password } = new URL(endpoint);
  if (username || password)
    throw new TypeError(`endpoint: found ${shown}, whose user or password would not be sent; give the sidecar's token`);
}

/**
 * Registers OpenTelemetry with one exporter to the sidecar. Call it once, before the first span.
 * @throws Error when @opentelemetry/sdk-node or the exporter is not installed, or an option is wrong.
 */
export function start(options: StartOptions = {}): Telemetry {
  const {
    serviceName = fromEnvironment('OTEL_SERVICE_NAME') ?? 'unknown_service',
    serviceVersion = fromEnvironment('OTEL_SERVICE_VERSION'),
    environment = fromEnvironment('ROUTESCOPE_ENVIRONMENT'),
    endpoint = fromEnvironment('ROUTESCOPE_ENDPOINT') ?? usualEndpoint,
    token = fromEnvironment('ROUTESCOPE_TOKEN'),
    prices = fromEnvironment('ROUTESCOPE_PRICES'),
    content,
    sampling,
    everyCall = fromEnvironment('ROUTESCOPE_EVERY_CALL') === 'true',
    adopt: adopts = true,
    exitTimeoutMs = Number(fromEnvironment('ROUTESCOPE_EXIT_TIMEOUT_MS') ?? 2_000),
    attributes,
  } = options;
  if (prices !== undefined) {
    setDefaultPrices(
      typeof prices === 'string' ? parsePrices(JSON.parse(readFileSync(prices, 'utf8')), prices) : parsePrices(prices),
    );
  }
  if (content !== undefined) setDefaultContent(content);
  checkEndpoint(endpoint);
  checkPatience(exitTimeoutMs);
  setSidecar({ endpoint, token, service: serviceName, environment, patienceMs: exitTimeoutMs });
  const { NodeSDK, tracing, resources } = required<typeof import('@opentelemetry/sdk-node')>('@opentelemetry/sdk-node');
  const { OTLPTraceExporter } = required<typeof import('@opentelemetry/exporter-trace-otlp-http')>(
    '@opentelemetry/exporter-trace-otlp-http',
  );

  const exporter = patientExporter(
    new OTLPTraceExporter({
      url: new URL('/v1/traces', endpoint).href,
      headers: bearer(token),
      timeoutMillis: exitTimeoutMs,
      // The time-out above begins once there is a connection; this one before. With certificates the exporter makes an
      // agent of its own from the environment.
      ...(!hasCertificates() && { httpAgentOptions: { keepAlive: true, timeout: exitTimeoutMs } }),
    }),
    maxQueueSize,
  );
  const processor = new tracing.BatchSpanProcessor(exporter, {
    maxQueueSize,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1_000,
  });
  const sampler = samplerOf({ sampling, everyCall }, tracing);
  const counted = exporter.countEnded(processor);
  const sdk = new NodeSDK({
    resource: resources.resourceFromAttributes({
      'service.name': serviceName,
      ...(serviceVersion !== undefined && { 'service.version': serviceVersion }),
      ...(environment !== undefined && { 'deployment.environment.name': environment }),
      ...attributes,
    }),
    spanProcessors: adopts ? [adopt(), counted] : [counted],
    ...(sampler && { sampler }),
    // Traces only, whatever the environment says: nothing starts here that nobody asked for.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
    autoDetectResources: false,
  });
  sdk.start();
  const flush = async (): Promise<void> => {
    await closeDroppedInferences();
    await Promise.allSettled([counted.forceFlush().then(exporter.forceFlush), flushEvents()]);
  };
  // What is still open when nothing runs any more, nobody will end.
  process.once('beforeExit', () => {
    closeOpenInferences();
    // A try that has just failed has kept the app waiting until now; a second one would be twice as long.
    if (!hasJustBeenSilent()) void flush();
  });
  return {
    flush,
    shutdown() {
      closeOpenInferences();
      return Promise.allSettled([sdk.shutdown(), flushEvents()]).then(() => {});
    },
    stats: () => ({ ...exporter.stats(), failures: telemetryFailures() }),
  };
}

/** Does the environment name certificates for the exporter? */
const hasCertificates = (): boolean =>
  Object.keys(process.env).some((name) => /^OTEL_EXPORTER_OTLP_(TRACES_)?(CLIENT_)?(CERTIFICATE|KEY)$/.test(name));

/** A variable that is set to nothing says nothing. */
const fromEnvironment = (name: string): string | undefined => process.env[name] || undefined;

function required<Module>(name: string): Module {
  try {
    return requireOptional(name) as Module;
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw problem;
    throw new Error(
      `start() needs ${name}, which is not installed: npm install @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-http`,
    );
  }
}
