/** Spans with a number each, so that every single one can be asked for afterwards. */
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';

const resource = resourceFromAttributes({ 'service.name': 'faults' });
const startSeconds = 1_795_310_500;

export const traceIdOf = (number: number): string => `1${number.toString(16).padStart(31, '0')}`;

/** The number in the 16 bytes of a trace id. */
export const numberOf = (traceId: Uint8Array): number => Buffer.from(traceId).readUIntBE(10, 6);

/** A request with one inference span for each number: each is a row of `attempts`, and a call of its own. */
export function requestOf(numbers: readonly number[]): Uint8Array {
  const bytes = ProtobufTraceSerializer.serializeRequest(
    numbers.map((number) => ({
      name: 'chat m',
      kind: SpanKind.CLIENT,
      spanContext: () => ({ traceId: traceIdOf(number), spanId: '00000000000000aa', traceFlags: TraceFlags.SAMPLED }),
      startTime: [startSeconds + (number % 86_400), 0],
      endTime: [startSeconds + (number % 86_400) + 1, 0],
      duration: [1, 0],
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'm',
        'gen_ai.usage.input_tokens': number % 1_000,
        'routescope.tag': `tag-${number % 7}`,
      },
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope: { name: 'faults' },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    })),
  );
  if (!bytes) throw new Error('the serializer gave nothing');
  return bytes;
}
