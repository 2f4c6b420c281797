/** The quick way beside plain node:http: the same bytes get the same answers, the same fate and the same rows. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test, vi } from 'vitest';
import { admitting } from '../auth.ts';
import { Redactor } from '../redact/redactor.ts';
import { createHttpServer, isForeign, type Routes } from '../server.ts';
import { createSeen } from '../spool/seen.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { defaultLimits } from './body.ts';
import { Buffers } from './buffers.ts';
import { createCounters, type ReceiveCounters } from './counters.ts';
import { createHttpEndpoint } from './http.ts';
import { requestFromJson } from './json.ts';
import { serveQuickly } from './quick.ts';
import { createReceiver, type Receiver } from './receiver.ts';

interface World {
  readonly server: Server;
  readonly spool: Spool;
  readonly receiver: Receiver;
  readonly counters: ReceiveCounters;
  /** Requests that took the quick way to their answer. */
  quickly: number;
  connections(): Promise<number>;
}

const limits = { ...defaultLimits, bodyBytes: 10_000, inflatedBytes: 50_000, heldBytes: 15_000 };
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function world(isQuick: boolean, token?: string, append?: () => Promise<void>): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-quick-'));
  const opened = await openSpool(directory, { consumers: [{ name: 'load' }] });
  const spool = append ? { ...opened, append } : opened;
  const counters = createCounters();
  const buffers = new Buffers();
  const redact = new Redactor();
  const receiver = createReceiver({ spool, seen: createSeen(1_000), counters, redact, buffers, limits, now: () => 5n });
  const admits = token === undefined ? undefined : admitting(token);
  const routes = {
    traces: createHttpEndpoint('traces', { receiver, buffers, limits }),
    logs: createHttpEndpoint('logs', { receiver, buffers, limits }),
    alive: (_, response) => void response.end('alive\n'),
  } as Partial<Routes> as Routes;
  const server = createHttpServer(routes, { log: () => {}, admits });
  const made: World = {
    server,
    spool,
    receiver,
    counters,
    quickly: 0,
    connections: () => new Promise((done) => server.getConnections((_, count) => done(count))),
  };
  const mayCome = (host: string, authorization: string | undefined): boolean =>
    !isForeign({ host }, admits !== undefined) && (admits?.(authorization) ?? true);
  const took = (): void => void made.quickly++;
  if (isQuick) serveQuickly(server, { receiver, buffers, limits, admits: mayCome, took, log: () => {} });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanUps.push(async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((closed) => server.close(closed));
    await opened.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return made;
}

/** Bytes to send, or what happens between them. */
type Step = string | Uint8Array | ((world: World, socket: Socket, answers: () => number) => unknown);

/** Goes on when so many answers have come. */
const answered =
  (count: number): Step =>
  async (_, __, answers) => {
    while (answers() < count) await turn();
  };

/** Sends the pieces one by one, each read before the next is sent. @returns what came until the connection ended. */
async function converse(made: World, steps: readonly Step[]): Promise<string> {
  const socket = connect((made.server.address() as AddressInfo).port, '127.0.0.1').setNoDelay();
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  const closed = new Promise((done) => socket.on('error', () => {}).once('close', done));
  await new Promise((connected) => socket.once('connect', connected));
  for (const step of steps) {
    if (typeof step === 'function') await step(made, socket, () => answersIn(said).length);
    else if (socket.writable) socket.write(step);
    for (let turns = 0; turns < 4; turns++) await turn();
  }
  await closed;
  return said;
}

interface Answer {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Without what differs from one second to the next. */
function answersIn(said: string): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < said.length; ) {
    const end = said.indexOf('\r\n\r\n', at);
    const [status = '', ...lines] = said.slice(at, end).split('\r\n');
    const length = Number(/^content-length: (\d+)$/im.exec(lines.join('\n'))?.[1] ?? 0);
    const isContinue = status.includes(' 100 ');
    const inChunks = lines.some((line) => /^transfer-encoding: chunked$/i.test(line));
    const bodyEnd = inChunks ? said.indexOf('0\r\n\r\n', end) + 5 : end + 4 + (isContinue ? 0 : length);
    const body = said.slice(end + 4, bodyEnd);
    const headers = lines.map((line) => line.toLowerCase()).filter((line) => !line.startsWith('date: '));
    answers.push({ status, headers: headers.sort(), body });
    at = end + 4 + body.length;
  }
  return answers;
}

/** What both ways made of it, which is the same. */
async function same(
  steps: readonly Step[],
  token?: string,
): Promise<{ answers: Answer[]; spans: number; quickly: number }> {
  const [quick, plain] = [await world(true, token), await world(false, token)];
  const [byQuick, byPlain] = [await converse(quick, steps), await converse(plain, steps)];
  const answers = answersIn(byQuick);
  expect(answers).toEqual(answersIn(byPlain));
  expect(quick.counters).toEqual(plain.counters);
  expect(quick.spool.lag('load').spans).toBe(plain.spool.lag('load').spans);
  expect(written(quick)).toEqual(written(plain));
  await idle(quick);
  return { answers, spans: quick.spool.lag('load').spans, quickly: quick.quickly };
}

const written = ({ spool }: World): Buffer => Buffer.concat(spool.segments.map(({ path }) => readFileSync(path)));

/** Nobody is connected and nothing is held. */
async function idle(quick: World): Promise<void> {
  await expect.poll(quick.connections).toBe(0);
  await expect.poll(() => heldBytes(quick)).toBe(0);
}

function heldBytes({ receiver }: World): number {
  let free = 0;
  for (let step = limits.heldBytes; step >= 1; step = Math.floor(step / 2)) {
    while (free + step <= limits.heldBytes) {
      const fits = receiver.hold(free + step);
      receiver.release(free + step);
      if (!fits) break;
      free += step;
    }
  }
  return limits.heldBytes - free;
}

let spans = 0;
const json = (): string => {
  const spanId = (++spans).toString(16).padStart(16, '0');
  return JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'a'.repeat(32), spanId, name: 'x' }] }] }],
  });
};
const protobuf = (): Buffer => requestFromJson(json());

const host = 'host: localhost:4318\r\n';
/** The head of an export, with other lines in between. */
const head = (length: number | string, more = '', type = 'application/x-protobuf'): string =>
  `POST /v1/traces HTTP/1.1\r\n${host}content-type: ${type}\r\ncontent-length: ${length}\r\n${more}\r\n`;
const bytes = (...pieces: (string | Uint8Array)[]): Buffer => Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
const exported = (more = '', body: Uint8Array = protobuf()): Buffer => bytes(head(body.length, more), body);
/** Answered when the connection has outlived what was sent before; then it ends. */
const last = `GET /livez HTTP/1.1\r\n${host}connection: close\r\n\r\n`;
const ok = 'HTTP/1.1 200 OK';
const statuses = (answers: readonly Answer[]): (string | undefined)[] =>
  answers.map(({ status }) => status.split(' ')[1]);

test('exports on one connection are answered quickly, and node:http answers what comes then', async () => {
  const { answers, spans, quickly } = await same([
    exported(),
    exported('user-agent: some exporter/1.0\r\n'),
    exported(),
    last,
  ]);
  expect(answers.map(({ status }) => status)).toEqual([ok, ok, ok, ok]);
  expect({ spans, quickly }).toEqual({ spans: 3, quickly: 3 });
});

test('protobuf and JSON, plain, gzip and what is none, traces and logs', async () => {
  const inJson = json();
  const again = protobuf();
  const { answers, quickly } = await same([
    exported('content-encoding: gzip\r\n', gzipSync(protobuf())),
    exported('content-encoding: GZIP\r\n', gzipSync(protobuf())),
    exported('content-encoding: identity\r\n'),
    exported('content-encoding: gzip\r\n', Buffer.from('no gzip at all')),
    bytes(head(inJson.length, '', 'application/json; charset=utf-8'), inJson),
    bytes(head(5, '', 'application/json'), '{"a":'),
    exported('', Buffer.from([0xff, 0xff])),
    exported('', again),
    exported('', again),
    exported('', Buffer.alloc(0)),
    bytes(head(2, '', 'application/json').replace('traces', 'logs'), '{}'),
    exported('content-encoding: gzip\r\n', gzipSync(Buffer.alloc(60_000))),
    last,
  ]);
  expect(statuses(answers)).toEqual([
    '200',
    '200',
    '200',
    '400',
    '200',
    '400',
    '400',
    '200',
    '200',
    '200',
    '200',
    '413',
    '200',
  ]);
  expect(quickly).toBe(12);
});

test('zstd, where Node has it or not', async () => {
  await same([exported('content-encoding: zstd\r\n', Buffer.from('28b52ffd0458010000', 'hex')), last]);
});

test('a request in two pieces, wherever it is cut', async () => {
  const [quick, plain] = [await world(true), await world(false)];
  const request = exported('authorization: Bearer some\r\n');
  const expected = answersIn(await converse(plain, [request, last]));
  for (let cut = 1; cut < request.length; cut++)
    expect(answersIn(await converse(quick, [request.subarray(0, cut), request.subarray(cut), last]))).toEqual(expected);
  expect(quick.spool.lag('load').spans).toBe(1);
  expect(quick.quickly).toBeGreaterThan(50); // cut in the body
  await idle(quick);
});

test('a request byte by byte, and a body byte by byte', async () => {
  const body = protobuf();
  const each = (all: Uint8Array): Buffer[] => Array.from(all, (byte) => Buffer.from([byte]));
  expect((await same([...each(exported()), last])).quickly).toBe(0);
  expect((await same([head(body.length), ...each(body), last])).quickly).toBe(1);
});

test('requests that do not wait for their answers are answered in turn', async () => {
  const all = [exported(), exported(), exported(), exported()];
  expect((await same([bytes(...all, last)])).spans).toBe(4);
  const cut = bytes(...all, last);
  for (const at of [20, 200, 400, 600]) expect((await same([cut.subarray(0, at), cut.subarray(at)])).spans).toBe(4);
  const many = await world(true);
  const said = await converse(many, [bytes(...Array.from({ length: 400 }, () => exported()), last)]);
  expect(statuses(answersIn(said))).toEqual(Array.from({ length: 401 }, () => '200'));
  expect(many.spool.lag('load').spans).toBe(400);
});

test('a large body is read before its memory is given back, in whatever pieces it comes', async () => {
  const prototype = ArrayBuffer.prototype as { transfer?: (this: ArrayBuffer, bytes: number) => ArrayBuffer };
  const has = prototype.transfer;
  let given = 0;
  prototype.transfer = function () {
    given++;
    return structuredClone(this, { transfer: [this] });
  };
  try {
    const words = Array.from({ length: 150 }, (_, index) => ({
      key: `app.word.${index}`,
      value: { stringValue: `${index}`.repeat(20) },
    }));
    const spanId = 'b'.repeat(16);
    const text = JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'a'.repeat(32), spanId, name: 'x', attributes: words }] }] }],
    });
    const large = requestFromJson(text);
    expect(large.length).toBeGreaterThan(8_192);
    const whole = exported('', large);
    for (const steps of [[whole], [head(large.length), large], [whole.subarray(0, 50), whole.subarray(50)]])
      expect((await same([...steps, last])).spans).toBe(1);
    expect((await same([bytes(whole, exported()), last])).spans).toBe(2);
    expect(given).toBeGreaterThan(1);
  } finally {
    if (has) prototype.transfer = has;
    else delete prototype.transfer;
  }
});

const bodyOf = protobuf();
const odd: Record<string, { readonly steps: readonly Step[]; readonly statuses: readonly string[] }> = {
  'a body in chunks': {
    steps: [
      `POST /v1/traces HTTP/1.1\r\n${host}content-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n`,
      bytes(`${bodyOf.length.toString(16)}\r\n`, bodyOf, '\r\n'),
      '0\r\n\r\n',
      last,
    ],
    statuses: ['200', '200'],
  },
  'both a length and chunks': { steps: [head(5, 'transfer-encoding: chunked\r\n'), last], statuses: ['400'] },
  'one that waits to be told to go on': {
    steps: [head(bodyOf.length, 'expect: 100-continue\r\n'), bodyOf, last],
    statuses: ['100', '200', '200'],
  },
  'one that expects something else': {
    steps: [head(bodyOf.length, 'expect: the best\r\n'), bodyOf, last],
    statuses: ['417', '200'],
  },
  'a length that is none': { steps: [head('1x'), last], statuses: ['400'] },
  'a length below zero': { steps: [head('-1'), last], statuses: ['400'] },
  'a length with a sign': { steps: [head('+5'), last], statuses: ['400'] },
  'two lengths': { steps: [head(bodyOf.length, 'content-length: 3\r\n'), bodyOf, last], statuses: ['400'] },
  'one length twice': {
    steps: [head(bodyOf.length, `content-length: ${bodyOf.length}\r\n`), bodyOf, last],
    statuses: ['400'],
  },
  'a length beyond all numbers': { steps: [head('99999999999999999999999'), last], statuses: ['400'] },
  'no length at all': {
    steps: [`POST /v1/traces HTTP/1.1\r\n${host}content-type: application/x-protobuf\r\n\r\n`, last],
    statuses: ['200', '200'],
  },
  'zeros before the length': { steps: [head(`000${bodyOf.length}`), bodyOf, last], statuses: ['200', '200'] },
  'a folded line': { steps: [head(bodyOf.length, 'x-note: one\r\n two\r\n'), bodyOf, last], statuses: ['400'] },
  'lines that end in LF alone': {
    steps: [head(bodyOf.length).replaceAll('\r\n', '\n'), bodyOf, last],
    statuses: ['400'],
  },
  'a space before the colon': { steps: [head(bodyOf.length, 'x-note : one\r\n'), bodyOf, last], statuses: ['400'] },
  'no space behind the colon': {
    steps: [head(bodyOf.length, 'x-note:one\r\n'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'a line without a name': { steps: [head(bodyOf.length, ': one\r\n'), bodyOf, last], statuses: ['400'] },
  'a zero byte in a line': { steps: [head(bodyOf.length, 'x-note: o\0ne\r\n'), bodyOf, last], statuses: ['400'] },
  'letters beyond ASCII': {
    steps: [Buffer.from(head(bodyOf.length, 'x-note: Grüße\r\n')), bodyOf, last],
    statuses: ['200', '200'],
  },
  'two types': {
    steps: [head(bodyOf.length, 'content-type: application/json\r\n'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'two encodings': {
    steps: [head(bodyOf.length, 'content-encoding: gzip\r\ncontent-encoding: gzip\r\n'), bodyOf, last],
    statuses: ['415'],
  },
  'another encoding': { steps: [head(bodyOf.length, 'content-encoding: br\r\n'), bodyOf, last], statuses: ['415'] },
  'another type': { steps: [head(bodyOf.length, '', 'text/plain'), bodyOf, last], statuses: ['415'] },
  'two hosts': { steps: [head(bodyOf.length, host), bodyOf, last], statuses: ['200', '200'] },
  'a foreign host': {
    steps: [head(bodyOf.length).replace('localhost', 'evil.example'), bodyOf, last],
    statuses: ['403'],
  },
  'no host': { steps: [head(bodyOf.length).replace(host, ''), bodyOf, last], statuses: ['400'] },
  'a foreign origin': {
    steps: [head(bodyOf.length, 'origin: http://evil.example\r\n'), bodyOf, last],
    statuses: ['403'],
  },
  'its own origin': {
    steps: [head(bodyOf.length, 'origin: http://localhost:4318\r\n'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'a body too large': { steps: [head(10_001), last], statuses: ['413'] },
  'the largest body': {
    steps: [exported('content-encoding: gzip\r\n', Buffer.alloc(10_000)), last],
    statuses: ['400', '200'],
  },
  'connection: close': { steps: [head(bodyOf.length, 'connection: close\r\n'), bodyOf], statuses: ['200'] },
  'connection: close among others': {
    steps: [head(bodyOf.length, 'connection: keep-alive, close\r\n'), bodyOf],
    statuses: ['200'],
  },
  'an upgrade': {
    steps: [head(bodyOf.length, 'connection: upgrade\r\nupgrade: h2c\r\n'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'HTTP/1.0': { steps: [head(bodyOf.length).replace('1.1', '1.0'), bodyOf], statuses: ['200'] },
  'HTTP/1.0 that stays': {
    steps: [head(bodyOf.length, 'connection: keep-alive\r\n').replace('1.1', '1.0'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'HTTP/2 in so many words': { steps: ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], statuses: ['400'] },
  'another method': { steps: [head(bodyOf.length).replace('POST', 'PUT'), bodyOf, last], statuses: ['405'] },
  'another path': {
    steps: [head(bodyOf.length).replace('/v1/traces', '/v1/metrics'), bodyOf, last],
    statuses: ['404'],
  },
  'a slash behind the path': {
    steps: [head(bodyOf.length).replace('/v1/traces', '/v1/traces/'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'a query behind the path': {
    steps: [head(bodyOf.length).replace('/v1/traces', '/v1/traces?a=b'), bodyOf, last],
    statuses: ['200', '200'],
  },
  'a whole address for a path': {
    steps: [head(bodyOf.length).replace('/v1/traces', 'http://localhost/v1/traces'), bodyOf, last],
    statuses: ['404'],
  },
  'empty lines between two': { steps: [exported(), '\r\n\r\n', exported(), last], statuses: ['200', '200', '200'] },
  'bytes that nobody announced': { steps: [exported(), answered(1), 'rubbish', last], statuses: ['200', '400'] },
  'a TLS greeting': { steps: [Buffer.from('160301020001fc0303', 'hex')], statuses: ['400'] },
  'a head larger than any': {
    steps: [head(bodyOf.length, `x-note: ${'a'.repeat(20_000)}\r\n`), last],
    statuses: ['431'],
  },
  'a large head': {
    steps: [head(bodyOf.length, `x-note: ${'a'.repeat(5_000)}\r\n`), bodyOf, last],
    statuses: ['200', '200'],
  },
  'eight hundred lines': {
    steps: [head(bodyOf.length, 'a: b\r\n'.repeat(600)), bodyOf, last],
    statuses: ['200', '200'],
  },
  'a sender that says no more within a head': {
    steps: ['POST /v1/tra', (_, socket) => socket.end()],
    statuses: ['400'],
  },
  'a sender that says no more within a body': {
    steps: [head(bodyOf.length), bodyOf.subarray(0, 9), (_, socket) => socket.end()],
    statuses: ['400'],
  },
  'a sender that says nothing': { steps: [(_, socket) => socket.end()], statuses: [] },
  'a sender that goes within a body': {
    steps: [head(bodyOf.length), bodyOf.subarray(0, 9), (_, socket) => socket.destroy()],
    statuses: [],
  },
  'a sender that resets within a body': {
    steps: [head(bodyOf.length), bodyOf.subarray(0, 9), (_, socket) => socket.resetAndDestroy()],
    statuses: [],
  },
};
test.each(Object.entries(odd))('%s', async (_, { steps, statuses: expected }) => {
  const { answers } = await same(steps);
  const got = statuses(answers);
  expect(got).toEqual(expected);
});

test('with a token, only who has it is let in', async () => {
  const steps = (line: string): Step[] => [
    exported(line),
    last.replace(host, `${host}authorization: Bearer sesame\r\n`),
  ];
  const right = await same(steps('authorization: Bearer sesame\r\n'), 'sesame');
  expect([statuses(right.answers), right.quickly]).toEqual([['200', '200'], 1]);
  for (const line of ['', 'authorization: Bearer sesam\r\n', 'authorization: Basic sesame\r\n'])
    expect(await same(steps(line), 'sesame')).toMatchObject({ spans: 0, quickly: 0 });
  const elsewhere = head(bodyOf.length, 'authorization: Bearer sesame\r\n').replace('localhost', 'elsewhere');
  expect(await same([elsewhere, bodyOf, last], 'sesame')).toMatchObject({ spans: 1, quickly: 1 });
});

test('while it refuses, and a body that ends after it began to', async () => {
  const refuse: Step = ({ receiver }) => receiver.refuse();
  const before = await same([exported(), answered(1), refuse, exported(), last]);
  expect([statuses(before.answers), before.spans]).toEqual([['200', '503'], 1]);
  expect(before.answers[1]?.headers).toContain('retry-after: 1');
  const amid = await same([head(bodyOf.length), bodyOf.subarray(0, 9), refuse, bodyOf.subarray(9), answered(1), last]);
  expect([statuses(amid.answers), amid.spans]).toEqual([['503', '200'], 0]);
  expect(amid.answers[0]?.headers).toContain('retry-after: 1');
});

test('what cannot be written is to be sent again', async () => {
  for (const isQuick of [true, false]) {
    const full = await world(isQuick, undefined, () => Promise.reject(new Error('the disk is full')));
    const [answer] = answersIn(await converse(full, [exported(), last]));
    expect(answer).toMatchObject({
      status: 'HTTP/1.1 503 Service Unavailable',
      body: expect.stringContaining('disk is full'),
    });
    expect(answer?.headers).toContain('retry-after: 1');
    expect(full.quickly).toBe(isQuick ? 1 : 0);
    await idle(full);
  }
});

test('a mistake of ours is a 500, and the next request is answered', async () => {
  const answers: Answer[][] = [];
  for (const isQuick of [true, false]) {
    const broken = await world(isQuick);
    const take = vi.spyOn(broken.receiver, 'take').mockRejectedValueOnce(new Error('a secret of ours'));
    answers.push(answersIn(await converse(broken, [exported(), answered(1), exported(), last])));
    take.mockRestore();
    await idle(broken);
  }
  expect(answers[0]).toEqual(answers[1]);
  expect(statuses(answers[0] ?? [])).toEqual(['500', '200', '200']);
  expect(answers[0]?.[0]?.body).not.toContain('secret');
});

test('more bodies than may be held are refused, in whatever piece the last byte came', async () => {
  const body = Buffer.alloc(8_000);
  for (const isQuick of [true, false]) {
    const busy = await world(isQuick);
    let release = (): void => {};
    const first = converse(busy, [
      head(8_000),
      body.subarray(0, 7_999),
      () => new Promise<void>((go) => (release = go)),
      body.subarray(7_999),
      last,
    ]);
    while (heldBytes(busy) < 7_999) await turn();
    for (const pieces of [[8_000], [4_000, 4_000], [1, 7_998, 1]]) {
      let at = 0;
      const sent = pieces.map((length) => {
        at += length;
        return body.subarray(at - length, at);
      });
      const [answer, ...more] = answersIn(await converse(busy, [head(8_000), ...sent, last]));
      expect(answer).toMatchObject({
        status: 'HTTP/1.1 503 Service Unavailable',
        body: expect.stringContaining('too many bodies'),
      });
      expect(answer?.headers).toContain('retry-after: 1');
      expect(more.length).toBeLessThanOrEqual(1); // the connection ends, unless all had been read
    }
    const together = answersIn(await converse(busy, [bytes(head(8_000), body), last]));
    expect(statuses(together)[0]).toBe('503');
    release();
    expect(statuses(answersIn(await first))).toEqual(['400', '200']); // zeros are no spans
    await idle(busy);
  }
});

test('a sender that has said all it will is answered before the end, if what it said was whole', async () => {
  let written = (): void => {};
  const slow = await world(true, undefined, () => new Promise((done) => (written = done)));
  const said = converse(slow, [exported(), (_, socket) => void socket.end(), () => written()]);
  expect(statuses(answersIn(await said))).toEqual(['200']);
  await idle(slow);
});

test('a sender that goes before its answer has what it sent taken', async () => {
  let written = (): void => {};
  const slow = await world(true, undefined, () => new Promise((done) => (written = done)));
  const gone: Step = (_, socket) => void socket.resetAndDestroy();
  await converse(slow, [bytes(exported(), exported()), gone]);
  await expect.poll(slow.connections).toBe(0);
  written();
  await expect.poll(() => slow.counters.spooled).toBe(1);
  await idle(slow);
});

test('a stop ends idle connections at once, and lets the others have their answer first', async () => {
  for (const isQuick of [true, false]) {
    let written = (): void => {};
    const slow = await world(isQuick, undefined, () => new Promise((done) => (written = done)));
    let answers = 0;
    const idling = converse(slow, [exported(), () => written(), answered(1), () => void answers++]);
    while (answers < 1) await turn();
    let isWaiting = (): void => {};
    const waits = new Promise<void>((done) => (isWaiting = done));
    const asking = converse(slow, [exported(), () => isWaiting()]);
    await waits;
    const closed = new Promise((done) => slow.server.close(done));
    expect(statuses(answersIn(await idling))).toEqual(['200']);
    written();
    await expect.poll(() => slow.counters.spooled).toBe(2);
    await turn();
    slow.server.closeAllConnections();
    await closed;
    expect(statuses(answersIn(await asking))).toEqual(['200']);
  }
});

test('a sender may be as slow as node:http lets it be', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  const waiting = async (steps: readonly Step[]): Promise<{ ended: () => boolean; said: Promise<string> }> => {
    const slow = await world(true);
    let isSent = false;
    const sentAll: Step = () => {
      isSent = true;
    };
    let ended = false;
    const said = converse(slow, [...steps, sentAll]).then((all) => {
      ended = true;
      return all;
    });
    while (!isSent) await turn();
    while ((await slow.connections()) === 0) await turn();
    for (let turns = 0; turns < 50; turns++) await turn();
    return { ended: () => ended, said };
  };
  const outlives = async (steps: readonly Step[], ms: number): Promise<string> => {
    const { ended, said } = await waiting(steps);
    vi.advanceTimersByTime(ms);
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(ended()).toBe(false);
    vi.advanceTimersByTime(10_000);
    return said;
  };
  const { headersTimeout, requestTimeout, keepAliveTimeout } = (await world(false)).server;
  expect({ headersTimeout, requestTimeout, keepAliveTimeout }).toEqual({
    headersTimeout: 60_000,
    requestTimeout: 300_000,
    keepAliveTimeout: 65_000,
  });
  expect(statuses(answersIn(await outlives([], headersTimeout)))).toEqual(['408']);
  expect(statuses(answersIn(await outlives([head(5), 'ab'], requestTimeout)))).toEqual(['408']);
  expect(statuses(answersIn(await outlives([exported(), answered(1)], keepAliveTimeout)))).toEqual(['200']);
});
