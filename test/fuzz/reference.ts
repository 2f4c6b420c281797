/** What protobufjs makes of the same bytes, with the schema the engine is given: the other side of the differential. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const proto = readFileSync(new URL('../spool.proto', import.meta.resolve('@routescope/sidecar')), 'utf8');
const { root } = protobuf.parse(`${proto}
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
`);
const request = root.lookupType('ExportTraceServiceRequest');
const noResource = root.lookupType('Resource').create();
const noScope = root.lookupType('Scope').create();
const record = root.lookupType('Record');

type Attribute = { key?: string; value?: unknown };
export interface Span {
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  name?: string;
  attributes?: Attribute[];
  [field: string]: unknown;
}
export interface Flat {
  readonly resource?: object | null;
  readonly scope?: object | null;
  readonly span?: Span | null;
}
interface Request {
  readonly resourceSpans?: readonly {
    readonly resource?: object | null;
    readonly scopeSpans?: readonly { readonly scope?: object | null; readonly spans?: readonly Span[] }[];
  }[];
}

/** The spans with usable ids, each with its resource and scope; an absent one is an empty one. @throws Error when the bytes are no request. */
export function spansOf(body: Uint8Array): Flat[] {
  const decoded = request.decode(body) as unknown as Request;
  const flat: Flat[] = [];
  for (const { resource, scopeSpans } of decoded.resourceSpans ?? [])
    for (const { scope, spans } of scopeSpans ?? [])
      for (const span of spans ?? [])
        if (isUsable(span.traceId, 16) && isUsable(span.spanId, 8))
          flat.push({ resource: resource ?? noResource, scope: scope ?? noScope, span });
  return flat;
}

/** The same of the spool's records. */
export function recordsOf(records: Uint8Array): Flat[] {
  const reader = protobuf.Reader.create(records);
  const flat: Flat[] = [];
  while (reader.pos < reader.len) {
    const { resource, scope, spans } = record.decodeDelimited(reader) as unknown as Record<
      'resource' | 'scope',
      object
    > & {
      readonly spans: readonly Span[];
    };
    for (const span of spans) flat.push({ resource, scope, span });
  }
  return flat;
}

const isUsable = (id: Uint8Array | undefined, bytes: number): boolean =>
  id !== undefined && id.length === bytes && id.some((byte) => byte !== 0);
