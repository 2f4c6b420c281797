/**
 * The sidecar's numbers about itself, at `/metrics` in Prometheus' text format. Rooms keep their counts in plain
 * objects; here they are named, described and read when somebody asks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One value of a metric with labels. */
interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** `routescope_…`, snake case, with its unit; a counter's ends in `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Names of the labels of its readings. */
  readonly labels?: readonly string[];
  /** Asked at every scrape. One that throws or rejects is left out of the page that time. */
  read(): number | readonly Reading[] | Promise<number | readonly Reading[]>;
}

export interface Metrics {
  add(...metrics: readonly Metric[]): void;
  /** Seconds of something that happens often. */
  histogram(name: string, help: string, buckets: readonly number[]): { observe(seconds: number): void };
  text(): Promise<string>;
  /** Answers `GET /metrics`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Stops watching the process. */
  close(): void;
}

/** A page of its own, with the process's memory, CPU and event loop delay on it. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let failures = 0;

  const add = ({ name, help, type, labels = [], read }: Metric): void => {
    const write = async (put: (labels: Readonly<Record<string, string>>, value: number) => void): Promise<void> => {
      try {
        const readings = await read();
        if (typeof readings === 'number') put({}, readings);
        else for (const { labels, value } of readings) put(labels, value);
      } catch {
        failures++;
      }
    };
    const described = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter')
      new Counter({
        ...described,
        async collect() {
          this.reset();
          if (labels.length === 0) this.remove(); // reset leaves a 0 there, and unknown is not 0
          await write((labels, value) => this.inc(labels, value));
        },
      });
    else
      new Gauge({
        ...described,
        async collect() {
          this.reset();
          if (labels.length === 0) this.remove(); // reset leaves a 0 there, and unknown is not 0
          await write((labels, value) => this.set(labels, value));
        },
      });
  };
  add({
    name: 'routescope_unread_metrics_total',
    help: 'Metrics that could not be read at a scrape and were left out of it.',
    type: 'counter',
    read: () => failures,
  });

  return {
    add: (...metrics) => metrics.forEach(add),
    histogram: (name, help, buckets) => new Histogram({ name, help, buckets: [...buckets], registers: [registry] }),
    text: () => registry.metrics(),
    async handle(_, response) {
      const page = await registry.metrics();
      response.setHeader('content-type', registry.contentType);
      response.end(page);
    },
    close: () => registry.clear(),
  };
}
