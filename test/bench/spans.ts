/** OTLP requests for the benches: routed calls as the SDK would send them, in protobuf. */
import { randomBytes } from 'node:crypto';
import { type Attributes, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

const resource = resourceFromAttributes({
  'service.name': 'research-assistant',
  'service.version': '1.4.0',
  'deployment.environment.name': 'bench',
  'telemetry.sdk.language': 'nodejs',
});
const scope = { name: '@routescope/sdk', version: '0.1.0' };
const tags = [
  'classify-intent',
  'rewrite-query',
  'rerank-candidates',
  'synthesize-answer',
  'critique-draft',
  'next-step',
];
const startSeconds = 1_795_310_500;

/**
 * `count` requests: calls, each a call span and an attempt span of 20 attributes.
 * @param more attributes of 40 bytes to add to every span.
 * @param spansPerRequest an even number, or 1.
 * @param endedAt when all of them ended, epoch milliseconds; left out, they are fifty a second from a day in the past.
 */
export function routedCalls(count: number, more = 0, spansPerRequest = 512, endedAt?: number): Uint8Array[] {
  const extra = Object.fromEntries(
    Array.from({ length: more }, (_, index) => [`app.attribute.${index}`, 'some-value-of-the-app']),
  );
  return Array.from({ length: count }, (_, request) => {
    const spans: ReadableSpan[] = [];
    const calls = Math.ceil(spansPerRequest / 2);
    for (let index = 0; index < calls; index++) spans.push(...routedCall(request * calls + index, extra, endedAt));
    const bytes = ProtobufTraceSerializer.serializeRequest(spans.slice(0, spansPerRequest));
    if (!bytes) throw new Error('the serializer gave nothing');
    return bytes;
  });
}

function routedCall(number: number, extra: Attributes, endedAt: number | undefined): [ReadableSpan, ReadableSpan] {
  const startedAt = endedAt === undefined ? startSeconds * 1_000 + number * 20 : endedAt - 1_000;
  const start = [Math.floor(startedAt / 1_000), (startedAt % 1_000) * 1_000_000] as const;
  const traceId = randomBytes(16).toString('hex');
  const callId = randomBytes(8).toString('hex');
  const tag = tags[number % tags.length] as string;
  const cost = Number((0.000123 + (number % 1000) * 1e-9).toFixed(12));
  const common = {
    ...extra,
    'routescope.tag': tag,
    'routescope.route.version': '5f1c2a',
    'routescope.route.policy': 'static',
    'gen_ai.conversation.id': `session-${number >> 3}`,
    'routescope.cost.total': cost,
    'routescope.cost.status': 'priced',
    'routescope.outcome': 'accepted',
    'routescope.validation.result': 'pass',
  };
  const call = span(`route ${tag}`, SpanKind.INTERNAL, traceId, callId, undefined, start, {
    ...common,
    'routescope.first.tier.name': 'small',
    'routescope.first.tier.rank': 0,
    'routescope.first.model': 'gpt-4o-mini',
    'routescope.final.tier.name': 'small',
    'routescope.final.tier.rank': 0,
    'routescope.final.model': 'gpt-4o-mini',
    'routescope.attempt.count': 1,
    'routescope.fallback.count': 0,
    'routescope.failover.count': 0,
    'routescope.checked': true,
    'routescope.baseline.model': 'gpt-4o',
    'routescope.baseline.cost': cost * 16,
  });
  const attempt = span('chat gpt-4o-mini', SpanKind.CLIENT, traceId, randomBytes(8).toString('hex'), callId, start, {
    ...common,
    'routescope.call.id': callId,
    'routescope.tier.name': 'small',
    'routescope.tier.rank': 0,
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
    'gen_ai.response.id': `chatcmpl-${callId}`,
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 500 + (number % 1000),
    'gen_ai.usage.output_tokens': number % 300,
    'server.address': 'api.openai.com',
  });
  return [call, attempt];
}

function span(
  name: string,
  kind: SpanKind,
  traceId: string,
  spanId: string,
  parentSpanId: string | undefined,
  start: readonly [seconds: number, nanoseconds: number],
  attributes: Attributes,
): ReadableSpan {
  return {
    name,
    kind,
    spanContext: () => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED }),
    ...(parentSpanId && { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED } }),
    startTime: [...start],
    endTime: [start[0] + 1, start[1]],
    duration: [1, 0],
    status: { code: SpanStatusCode.UNSET },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
