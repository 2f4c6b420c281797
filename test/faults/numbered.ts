/** Spans and evaluation results with a number each, so that every single one can be asked for afterwards. */
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import {
  JsonLogsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';

export type Signal = 'traces' | 'logs';
export type Encoding = 'protobuf' | 'json';

/** Where gRPC exports go. */
export const exportPaths: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

const resource = resourceFromAttributes({ 'service.name': 'faults' });
const instrumentationScope = { name: 'faults' };
/** Two days ago; and so far ahead that a span is set aside. */
const startSeconds = Math.floor(Date.now() / 1_000) - 2 * 86_400;
const farAhead = 20 * 86_400;

export const traceIdOf = (number: number): string => `1${number.toString(16).padStart(31, '0')}`;

/** Of the call that an evaluation result is about. */
export const callIdOf = (number: number): string => `b${number.toString(16).padStart(15, '0')}`;

/** The number in the 16 bytes of a trace id. */
export const numberOf = (traceId: Uint8Array): number => Buffer.from(traceId).readUIntBE(10, 6);

/** The request that exports what has these numbers. */
export function requestOf(signal: Signal, encoding: Encoding, numbers: readonly number[]): Uint8Array {
  const bytes =
    signal === 'traces'
      ? (encoding === 'json' ? JsonTraceSerializer : ProtobufTraceSerializer).serializeRequest(numbers.map(spanOf))
      : (encoding === 'json' ? JsonLogsSerializer : ProtobufLogsSerializer).serializeRequest(numbers.map(resultOf));
  if (!bytes) throw new Error('the serializer gave nothing');
  return bytes;
}

const contextOf = (number: number, spanId: string) => ({
  traceId: traceIdOf(number),
  spanId,
  traceFlags: TraceFlags.SAMPLED,
});
const timeOf = (number: number, plus = 0): [number, number] => [startSeconds + (number % 86_400) + plus, 0];
/** One request in forty has times that are far off. */
const aheadOf = (number: number): number => (Math.floor(number / 20) % 40 === 3 ? farAhead : 0);

/** An inference: once it is put back where it was set aside, a row of `attempts`, and a call of its own. */
const spanOf = (number: number) => ({
  name: 'chat m',
  kind: SpanKind.CLIENT,
  spanContext: () => contextOf(number, '00000000000000aa'),
  startTime: timeOf(number, aheadOf(number)),
  endTime: timeOf(number, aheadOf(number) + 1),
  duration: [1, 0] as [number, number],
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
  instrumentationScope,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
});

/** A row of `scores`; every third, which names its call alone, one of `scores_early`: the call never comes. */
const resultOf = (number: number) => ({
  eventName: 'gen_ai.evaluation.result',
  spanContext: contextOf(number, callIdOf(number)),
  hrTime: timeOf(number),
  hrTimeObserved: timeOf(number),
  attributes: {
    'gen_ai.evaluation.name': 'faithful',
    'gen_ai.evaluation.score.value': (number % 100) / 100,
    ...(number % 3 === 0 ? {} : { 'routescope.tag': `tag-${number % 7}` }),
  },
  resource,
  instrumentationScope,
  droppedAttributesCount: 0,
});
