/** Spans that reach the sidecar through a real OpenTelemetry Collector. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, until } from './programs.ts';

const port = 14_318;

/** @returns what arrived, in a sentence. */
export async function throughCollector(otelcol: string, sidecarUrl: string, directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { otlphttp: { endpoint: sidecarUrl } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } },
    },
  };
  writeFileSync(join(directory, 'config.yaml'), JSON.stringify(config));
  const collector = start(otelcol, [`--config=${join(directory, 'config.yaml')}`]);
  const traceId = 'c0'.repeat(16);
  const now = BigInt(Date.now()) * 1_000_000n;
  const attributes = [{ key: 'routescope.tag', value: { stringValue: 'through-collector' } }];
  const span = { traceId, spanId: 'c1'.repeat(8), name: 'chat', kind: 3, attributes };
  const body = JSON.stringify({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ ...span, startTimeUnixNano: `${now}`, endTimeUnixNano: `${now + 1_000_000n}` }] }] },
    ],
  });
  try {
    await until('the collector takes a span', 60, async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return answer.ok ? true : undefined;
    });
    await until('the span is in the tables', 60, async () => {
      const sql = `SELECT SpanAttributes['routescope.tag'] AS tag FROM routescope.otel_traces WHERE TraceId = '${traceId}' FORMAT TSV`;
      const answer = await fetch(`${sidecarUrl}/query`, { method: 'POST', body: sql });
      return (await answer.text()).trim() === 'through-collector' ? true : undefined;
    });
    return 'a span came through the collector into the tables';
  } finally {
    await collector.stop();
  }
}
