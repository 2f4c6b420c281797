/** An OTLP/HTTP receiver that only remembers, decoded by a library that is not ours. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import type { SeenSpan } from './tree.ts';

/** Of opentelemetry-proto v1.11 (Apache-2.0), what the tree needs. */
const schema = `syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; repeated KeyValue attributes = 9; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`;

interface Decoded {
  readonly resourceSpans?: readonly {
    readonly scopeSpans?: readonly {
      readonly spans?: readonly {
        readonly traceId: Buffer;
        readonly spanId: Buffer;
        readonly parentSpanId: Buffer;
        readonly name: string;
        readonly attributes?: readonly { readonly key: string; readonly value?: Readonly<Record<string, unknown>> }[];
      }[];
    }[];
  }[];
}

export interface Sink {
  readonly url: string;
  readonly spans: readonly SeenSpan[];
  close(): Promise<void>;
}

export async function openSink(): Promise<Sink> {
  const type = protobuf.parse(schema, { keepCase: false }).root.lookupType('Request');
  const spans: SeenSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      const decoded = type.toObject(type.decode(bytes), { bytes: Buffer, longs: Number, defaults: true }) as Decoded;
      for (const { scopeSpans = [] } of decoded.resourceSpans ?? [])
        for (const { spans: some = [] } of scopeSpans)
          for (const { traceId, spanId, parentSpanId, name, attributes = [] } of some)
            spans.push({
              traceId: traceId.toString('hex'),
              spanId: spanId.toString('hex'),
              parentId: parentSpanId.toString('hex'),
              name,
              tags: Object.fromEntries(
                attributes.map(({ key, value = {} }) => [key, Object.values(value).find((each) => each !== undefined)]),
              ),
            });
      response.setHeader('content-type', 'application/x-protobuf');
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
