import { type Attributes, type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../redact/redactor.ts';
import { scan } from '../spool/record.ts';
import { createSeen } from '../spool/seen.ts';
import { Malformed } from '../wire.ts';
import { Buffers } from './buffers.ts';
import { requestFromJson } from './json.ts';
import { walk } from './walk.ts';

const scope = { name: 'scope', version: '1' };
const resource = resourceFromAttributes({ 'service.name': 'app', n: 1 });

function span(
  spanId: string,
  attributes: Attributes = {},
  events: { name: string; attributes?: Attributes }[] = [],
): ReadableSpan {
  const time: HrTime = [1_795_310_500, 123_456_789];
  return {
    name: 'chat gpt-4o',
    kind: SpanKind.CLIENT,
    spanContext: () => ({ traceId: 'a'.repeat(32), spanId, traceFlags: TraceFlags.SAMPLED }),
    startTime: time,
    endTime: [time[0] + 1, 0],
    duration: [1, 0],
    status: { code: SpanStatusCode.ERROR, message: 'no' },
    attributes,
    links: [{ context: { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 }, attributes: { l: 1 } }],
    events: events.map((event) => ({ time, ...event })),
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const values: Attributes = {
  text: 'x',
  long: 'y'.repeat(300),
  whole: 7,
  negative: -1,
  real: 0.5,
  yes: true,
  no: false,
  list: ['a', 'b'],
  empty: '',
};
const protobuf = (...spans: ReadableSpan[]): Uint8Array =>
  ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array;
const json = (...spans: ReadableSpan[]): string =>
  Buffer.from(JsonTraceSerializer.serializeRequest(spans) as Uint8Array).toString();

const redact = new Redactor();
const buffers = new Buffers();
const bodyOf = (bytes: Uint8Array) => ({ buffer: Buffer.from(bytes), length: bytes.length });

function walked(body: Uint8Array, seen = createSeen(1000)) {
  const cuts: string[] = [];
  const result = walk(bodyOf(body), {
    signal: 'traces',
    seen,
    redact,
    onCut: (name) => cuts.push(name),
    buffers,
    receivedAtUnixNano: 5n,
  });
  return { ...result, records: Buffer.concat(result.records), cuts };
}

describe('a request of a real exporter', () => {
  test('becomes one whole record with the resource and scope it came with', () => {
    const { records, spans } = walked(protobuf(span('1'.repeat(16), values), span('2'.repeat(16))));
    expect(spans).toBe(2);
    expect(scan(Buffer.from(records))).toEqual({ end: records.length, spans: 2 });
    expect(
      Buffer.from(records)
        .toString('latin1')
        .match(/service\.name/g),
    ).toHaveLength(1);
    expect(Buffer.from(records).toString('latin1').match(/scope/g)).toHaveLength(1);
  });

  test('gives the same records from JSON as from protobuf, but for flags and counts that are not kept', () => {
    const one = span('1'.repeat(16), values, [{ name: 'e', attributes: { a: 1 } }]);
    const fromJson = walked(requestFromJson(json(one)));
    const fromProtobuf = walked(protobuf(one));
    expect(fromJson.spans).toBe(1);
    // Decoded by the same reader both are the same span: compare the fields that the record's schema has.
    expect(fieldsOf(fromJson.records)).toEqual(fieldsOf(fromProtobuf.records));
  });
});

describe('content', () => {
  const secrets: Attributes = {
    'gen_ai.input.messages': 'SECRET',
    'gen_ai.prompt.0.content': 'SECRET',
    'llm.input_messages.0.message.content': 'SECRET',
    'ai.response.text': 'SECRET'.repeat(100),
    'input.value': 'SECRET',
    'traceloop.entity.output': ['SECRET'],
  };

  test('is cut from spans and from their events, and counted by name', () => {
    const { records, cuts, spans } = walked(
      protobuf(
        span('1'.repeat(16), { before: 1, ...secrets, after: 2 }, [
          { name: 'e', attributes: { kept: 'k', 'gen_ai.completion': 'SECRET', also: 1 } },
        ]),
      ),
    );
    const text = Buffer.from(records).toString('latin1');
    expect(text).not.toContain('SECRET');
    for (const kept of ['before', 'after', 'kept', 'also']) expect(text).toContain(kept);
    expect(spans).toBe(1);
    expect(scan(records).spans).toBe(1);
    expect([...cuts].sort()).toEqual([
      'ai.response.text',
      'gen_ai.completion',
      'gen_ai.input.messages',
      'gen_ai.prompt.#.',
      'input.value',
      'llm.input_messages.',
      'traceloop.entity.output',
    ]);
  });

  test('is told from its namesakes: the name and version of a prompt stay', () => {
    const { cuts } = walked(
      protobuf(
        span('1'.repeat(16), {
          'gen_ai.prompt.name': 'p',
          'gen_ai.prompt.version': '2',
          'gen_ai.usage.input_tokens': 3,
        }),
      ),
    );
    expect(cuts).toEqual([]);
  });
});

describe('spans that are not taken', () => {
  test('a span seen before is dropped and counted, in the same request and in a later one', () => {
    const seen = createSeen(1000);
    const first = walked(protobuf(span('1'.repeat(16)), span('1'.repeat(16))), seen);
    expect(first).toMatchObject({ spans: 1, duplicate: 1, received: 2 });
    expect(walked(protobuf(span('1'.repeat(16)), span('2'.repeat(16))), seen)).toMatchObject({
      spans: 1,
      duplicate: 1,
    });
  });

  test('leave the others as they are, whatever is cut from them', () => {
    const secret = { before: 1, 'input.value': 'SECRET', after: 2 };
    const [one, two, three, four] = [
      span('1'.repeat(16), secret),
      span('2'.repeat(16), secret),
      span('3'.repeat(16)),
      span('4'.repeat(16), secret, [{ name: 'e', attributes: secret }]),
    ] as const;
    const seen = createSeen(1000);
    walked(protobuf(two), seen);
    const { records, duplicate } = walked(protobuf(one, two, three, four), seen);
    expect(duplicate).toBe(1);
    expect(records).toEqual(walked(protobuf(one, three, four)).records);
  });

  test('are taken when they are sent again, once their request could not be written', () => {
    const seen = createSeen(1000);
    const body = protobuf(span('1'.repeat(16)), span('2'.repeat(16), { 'input.value': 'SECRET' }));
    const failed = walked(body, seen);
    failed.forget();
    expect(walked(body, seen).records).toEqual(failed.records);
    expect(() => walked(Buffer.concat([protobuf(span('3'.repeat(16))), Buffer.from([0x0a, 0x7f])]), seen)).toThrow();
    expect(walked(protobuf(span('3'.repeat(16))), seen).spans).toBe(1);
  });

  test('a span without usable ids is rejected alone, and it is said why', () => {
    expect(walked(protobuf(span('0'.repeat(16)), span('2'.repeat(16))))).toMatchObject({
      spans: 1,
      rejected: 1,
      rejectedBecause: 'span_id is all zero',
    });
    expect(walked(protobuf(span('12')))).toMatchObject({
      spans: 0,
      rejected: 1,
      rejectedBecause: 'span_id has 1 bytes, expected 8',
    });
  });
});

describe('bytes that are not a request', () => {
  test.each([
    ['a length over the end', Buffer.from([0x0a, 0x7f, 0x00]), 'runs'],
    ['a group', Buffer.from([0x0b]), 'wire type 3'],
    ['text', Buffer.from('hello world'), 'byte'],
    ['a varint where a message belongs', Buffer.from([0x08, 0x01]), 'expected 2'],
  ])('%s is refused with its place', (_, body, says) => {
    expect(() => walked(body)).toThrow(Malformed);
    expect(() => walked(body)).toThrow(says);
  });

  test('any cut or flipped byte is either refused or gives whole records, never more than was sent', () => {
    const body = Buffer.from(
      protobuf(
        span('1'.repeat(16), values, [{ name: 'e', attributes: { a: 'b' } }]),
        span('2'.repeat(16), { 'gen_ai.prompt.0.content': 'x' }),
      ),
    );
    let state = 42;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    let refused = 0;
    for (let round = 0; round < 4_000; round++) {
      const broken = Buffer.from(round % 2 ? body.subarray(0, random(body.length)) : body);
      for (let flips = random(3); flips >= 0 && broken.length > 0; flips--) broken[random(broken.length)] = random(256);
      try {
        const { records, spans } = walked(broken);
        expect(scan(Buffer.from(records))).toEqual({ end: records.length, spans });
      } catch (problem) {
        expect(problem).toBeInstanceOf(Malformed);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

test('JSON that is not OTLP is refused with the path of what is wrong', () => {
  const withSpan = (fields: object): string =>
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [fields] }] }] });
  expect(() => requestFromJson('{')).toThrow('not JSON');
  expect(() => requestFromJson('{"a": SECRET}')).not.toThrow('SECRET');
  expect(() => requestFromJson('[]')).toThrow('$: expected an object');
  expect(() => requestFromJson(withSpan({ traceId: 7 }))).toThrow(
    '$.resourceSpans[0].scopeSpans[0].spans[0].traceId: expected text',
  );
  expect(() => requestFromJson(withSpan({ startTimeUnixNano: 'soon' }))).toThrow(
    'startTimeUnixNano: expected a whole number',
  );
});

/** A tiny reader of length-delimited fields: [number, wire, bytes as hex or nested], without what the schema leaves out. */
function fieldsOf(records: Uint8Array): unknown[] {
  const bytes = Buffer.from(records);
  const out: unknown[] = [];
  scan(bytes, ({ start, items }) => out.push(message(bytes.subarray(start, items.at(-1)?.end), 'record')));
  return out;
}

const nested: Record<string, Record<number, string>> = {
  record: { 4: 'resource', 1: 'scope', 2: 'span' },
  resource: { 1: 'pair' },
  scope: {},
  span: { 9: 'pair', 11: 'event', 13: 'link', 15: 'status' },
  event: { 3: 'pair' },
  link: { 4: 'pair' },
  status: {},
  pair: { 2: 'value' },
  value: { 5: 'list' },
  list: { 1: 'value' },
};
const left: Record<string, number[]> = { span: [10, 12, 14, 16], event: [4], link: [5, 6], resource: [2], scope: [4] };

function message(bytes: Buffer, kind: string): unknown[] {
  const fields: unknown[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = tag >> 3;
    const wire = tag & 7;
    const size = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint() : undefined;
    const begin = at;
    if (size === undefined) varint();
    else at += size;
    const content = bytes.subarray(begin, at);
    if (left[kind]?.includes(number)) continue;
    const inner = nested[kind]?.[number];
    const isDefault = inner === undefined && kind !== 'value' && content.every((byte) => byte === 0);
    if (!isDefault) fields.push([number, inner ? message(content, inner) : content.toString('hex')]);
  }
  return fields;
}
