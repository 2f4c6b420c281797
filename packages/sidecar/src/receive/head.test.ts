/** The head reader beside Node's own parser: what it understands, that one understands, and in the same way. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHead } from './head.ts';

/** What node:http made of the bytes of one connection. */
const heard: IncomingMessage[] = [];
const bodies: number[] = [];
const server = createServer((request, response) => {
  heard.push(request);
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  request.once('end', () => {
    bodies.push(length);
    response.end();
  });
});
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => void server.close());

/** The same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const lines = [
  'host: localhost:4318',
  'Host: 127.0.0.1',
  'content-length: 5',
  'Content-Length: 12',
  'content-length: 007',
  'content-length: 1 2',
  'content-length: 5, 5',
  'content-length: 0x5',
  'content-type: application/x-protobuf',
  'Content-Type: application/json; charset=utf-8',
  'content-type: application/json;',
  'content-encoding: gzip',
  'Content-Encoding: GZIP',
  'content-encoding: identity',
  'connection: keep-alive',
  'Connection: Keep-Alive',
  'connection: close',
  'connection: keep-alive, close',
  'keep-alive: timeout=5',
  'proxy-connection: close',
  'transfer-encoding: chunked',
  'Transfer-Encoding: identity',
  'expect: 100-continue',
  'upgrade: h2c',
  'authorization: Bearer some',
  'origin: http://localhost:4318',
  'te: trailers',
  'trailer: x',
  'user-agent: OTel-OTLP-Exporter-JavaScript/0.223.0',
  'accept: */*',
  'x_note: one two  three',
  'x-empty: ',
  ' folded',
  'no colon',
];
const firsts = [
  'POST /v1/traces HTTP/1.1',
  'POST /v1/logs HTTP/1.1',
  'POST /v1/traces HTTP/1.0',
  'POST  /v1/traces HTTP/1.1',
  'post /v1/traces HTTP/1.1',
  'POST /v1/traces?x HTTP/1.1',
];
const needed = ['host: localhost', 'content-length: 9', 'content-type: application/x-protobuf'];
const noise = ['\r', '\n', '\0', ' ', '\t', ':', ',', ';', 'a', '0', '\x7f', '\xff', '\r\n', '\r\n\r\n', '-'];

function oddHead(below: (bound: number) => number): string {
  const chosen = [...(below(8) > 0 ? needed : [])];
  for (let count = below(5); count > 0; count--)
    chosen.splice(below(chosen.length + 1), 0, lines[below(lines.length)] as string);
  const first = firsts[below(4) > 0 ? below(2) : below(firsts.length)] as string;
  let text = `${[first, ...chosen].join('\r\n')}\r\n\r\n`;
  for (let count = below(3) - 1; count > 0; count--) {
    const at = below(text.length);
    text = text.slice(0, at) + (noise[below(noise.length)] as string) + text.slice(at + below(2));
  }
  return text;
}

test('what it understands is understood the same by node:http, to the last byte', async () => {
  const below = random(7);
  const understood: NonNullable<ReturnType<typeof readHead>>[] = [];
  const pieces: Buffer[] = [];
  for (let run = 0; run < 40_000; run++) {
    const bytes = Buffer.from(oddHead(below), 'latin1');
    const head = readHead(bytes);
    if (head === undefined) continue;
    understood.push(head);
    // One byte more or less in head or body, and all that follows is no longer read as requests.
    pieces.push(bytes.subarray(0, head.bytes), Buffer.alloc(head.bodyBytes, 'GET'));
  }
  expect(understood.length).toBeGreaterThan(5_000);
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(Buffer.concat([...pieces, Buffer.from('GET /end HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')]));
  await once(socket.resume(), 'close');
  expect(heard.at(-1)?.url).toBe('/end');
  expect(heard.length).toBe(understood.length + 1);
  for (const [index, head] of understood.entries()) {
    const { method, url, httpVersion, headers } = heard[index] as IncomingMessage;
    expect({ method, url, httpVersion, body: bodies[index] }).toEqual({
      method: 'POST',
      url: `/v1/${head.signal}`,
      httpVersion: '1.1',
      body: head.bodyBytes,
    });
    expect(headers.host).toBe(head.host);
    expect(headers.authorization).toBe(head.authorization);
    expect(headers['content-type']).toContain(head.encoding === 'json' ? 'application/json' : 'application/x-protobuf');
    expect((headers['content-encoding'] ?? 'identity').toLowerCase()).toBe(head.compression);
    for (const name of ['transfer-encoding', 'expect', 'upgrade', 'origin', 'trailer'])
      expect(headers[name]).toBe(undefined);
    expect(headers.connection ?? 'keep-alive').toMatch(/^keep-alive(, keep-alive)*$/i);
  }
});

test('what does not end, and what is too long, is not understood', () => {
  const whole = Buffer.from(`${[firsts[0], ...needed].join('\r\n')}\r\n\r\n`);
  expect(readHead(whole)?.bytes).toBe(whole.length);
  for (let end = 0; end < whole.length; end++) expect(readHead(whole.subarray(0, end))).toBe(undefined);
  const long = Buffer.from(`${[firsts[0], ...needed, `x: ${'a'.repeat(5_000)}`].join('\r\n')}\r\n\r\n`);
  expect(readHead(long)).toBe(undefined);
});
