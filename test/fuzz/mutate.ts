/** Small real bodies, and what goes wrong with them on the way. Everything follows from a seed. */

export interface Random {
  /** A whole number below that. */
  below(most: number): number;
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return {
    below(most) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
    },
  };
}

/** Bytes that mean something to a parser: tags, lengths, the ends of varints, JSON's own. */
const telling = [0x00, 0x01, 0x0a, 0x12, 0x1a, 0x22, 0x32, 0x4a, 0x5a, 0x6a, 0x7a, 0x7f, 0x80, 0xff, 0x5b, 0x7b, 0x7d];

/** The body with one to four things wrong: cut, a byte changed, bytes taken out, put in, repeated or made of another. */
export function mutated(body: Buffer, other: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(body);
  for (let times = 1 + random.below(4); times > 0 && bytes.length > 0; times--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(Math.min(16, bytes.length - at));
    switch (random.below(8)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes[at] = telling[random.below(telling.length)] as number;
        break;
      case 3:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 6: {
        const from = random.below(other.length);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at)]);
        break;
      }
      case 7:
        bytes[at] = Math.min(255, (bytes[at] as number) + 1);
        break;
    }
  }
  return bytes;
}

const text = (stringValue: string) => ({ stringValue });
const attributes = (values: Record<string, object>) => Object.entries(values).map(([key, value]) => ({ key, value }));
const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const times = { startTimeUnixNano: '1795310500438000000', endTimeUnixNano: '1795310500438967849' };
const request = (span: object, more: object = {}) => ({
  resourceSpans: [
    {
      resource: { attributes: attributes({ 'service.name': text('app') }) },
      scopeSpans: [{ scope: { name: 's', version: '1' }, spans: [{ ...ids, ...span }] }],
      ...more,
    },
  ],
});

/** Requests as instrumentations send them, shortened to what the parser tells apart. */
export const requests: readonly object[] = [
  request({
    name: 'chat gpt-4o',
    kind: 3,
    ...times,
    attributes: attributes({ 'gen_ai.operation.name': text('chat') }),
  }),
  request({
    attributes: attributes({ i: { intValue: '-7' }, d: { doubleValue: 0.5 }, b: { boolValue: true }, s: text('') }),
  }),
  request({
    attributes: attributes({
      'gen_ai.input.messages': text('[{"role":"user"}]'),
      'gen_ai.prompt.0.content': text('x'),
    }),
  }),
  request({
    attributes: attributes({
      l: { arrayValue: { values: [text('a'), { intValue: '1' }, {}] } },
      y: { bytesValue: 'AQID' },
    }),
  }),
  request({
    attributes: attributes({
      k: { kvlistValue: { values: attributes({ role: text('user'), n: { intValue: '1' } }) } },
    }),
  }),
  request({
    events: [
      { timeUnixNano: '1', name: 'e', attributes: attributes({ 'exception.message': text('m'), a: text('b') }) },
    ],
  }),
  request({
    links: [{ ...ids, attributes: attributes({ 'input.value': text('x') }) }],
    status: { code: 2, message: 'a: b' },
  }),
  request({ attributes: attributes({ long: text('y'.repeat(200)) }), traceState: 'ot=th:8', flags: 257 }),
  request(
    { attributes: [] },
    {
      scopeSpans: [
        { spans: [] },
        {
          spans: [
            { ...ids, name: 'n' },
            { ...ids, spanId: '00' },
          ],
        },
      ],
    },
  ),
  { resourceSpans: [{ resource: { attributes: attributes({ 'input.value': text('x') }) } }] },
];
