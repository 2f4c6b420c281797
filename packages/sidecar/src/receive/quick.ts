/**
 * The quick way in: export requests as nearly all exporters write them are read off the bare socket, which takes a third
 * of what node:http takes for a small one. A connection that sends anything else (another path, another method, a body in
 * chunks, a head in two pieces) is node:http's from that byte on. So here nothing is refused that is not whole and
 * understood, and what is answered is answered as node:http would.
 */
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Limits, slackBytes } from './body.ts';
import type { Buffers } from './buffers.ts';
import { type Head, readHead } from './head.ts';
import { failed, type Receiver } from './receiver.ts';
import { replyTo } from './status.ts';

export interface QuickOptions {
  readonly receiver: Receiver;
  readonly buffers: Buffers;
  readonly limits: Limits;
  /** Whether who knocks like this is let in; who is not is told so by node:http. */
  readonly admits: (host: string, authorization: string | undefined) => boolean;
  /** Told how long each request took from its head until its answer, in seconds. */
  readonly took: (seconds: number) => void;
  readonly log: (line: string) => void;
}

const checkMs = 5_000;

/**
 * Lets the connections of a server of plain HTTP begin here. They end with the server's others, by the same methods and
 * times; one that is left to node:http has its times from then on.
 */
export function serveQuickly(server: Server, options: QuickOptions): void {
  const slowly = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const connections = new Set<Connection>();
  const handOver = (socket: Socket): void => {
    for (const listener of slowly) listener.call(server, socket);
  };
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const connection = new Connection(socket, server, options, connections, handOver);
    connections.add(connection);
  });

  const checking = setInterval(() => {
    const now = performance.now();
    for (const connection of connections) connection.check(now);
  }, checkMs);
  checking.unref();
  server.once('close', () => clearInterval(checking));
  const { closeIdleConnections, closeAllConnections } = server;
  server.closeIdleConnections = () => {
    for (const connection of connections) connection.closeIfIdle();
    closeIdleConnections.call(server);
  };
  server.closeAllConnections = () => {
    for (const connection of connections) connection.close();
    closeAllConnections.call(server);
  };
}

class Connection {
  readonly #socket: Socket;
  readonly #server: Server;
  readonly #options: QuickOptions;
  readonly #connections: Set<Connection>;
  readonly #handOver: (socket: Socket) => void;
  /** Of the request that is read or answered; undefined between two. */
  #head: Head | undefined;
  /** As it came, while the body comes in pieces. */
  #headBytes: Buffer | undefined;
  /** While it is read. */
  #body: Buffer | undefined;
  #length = 0;
  #held = 0;
  #isFirst = true;
  /** When the connection or the head came, or the last answer went. */
  #since = performance.now();
  /** What came behind a request that is being answered. */
  #behind: Buffer[] = [];
  /** The sender says no more. */
  #ended = false;

  readonly #onData = (chunk: Buffer): void => {
    if (this.#head === undefined) this.#begin(chunk);
    else if (this.#body !== undefined) this.#fill(chunk, 0);
    else {
      this.#behind.push(chunk);
      this.#socket.pause();
    }
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#endIfOver();
  };
  readonly #onClose = (): void => {
    this.#connections.delete(this);
    this.#dropBody();
  };
  readonly #onError = (): void => {}; // 'close' comes next

  constructor(
    socket: Socket,
    server: Server,
    options: QuickOptions,
    connections: Set<Connection>,
    handOver: (socket: Socket) => void,
  ) {
    this.#socket = socket;
    this.#server = server;
    this.#options = options;
    this.#connections = connections;
    this.#handOver = handOver;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onError);
  }

  /** Ends it when the sender takes too long. A time of 0 is none. */
  check(now: number): void {
    const { headersTimeout, requestTimeout, keepAliveTimeout } = this.#server;
    const isOver = (ms: number): boolean => ms > 0 && now - this.#since > ms;
    if (this.#head !== undefined) {
      if (this.#body !== undefined && isOver(requestTimeout)) this.#refuse(408);
    } else if (this.#isFirst) {
      if (isOver(headersTimeout)) this.#refuse(408);
    } else if (isOver(keepAliveTimeout)) this.close();
  }

  closeIfIdle(): void {
    if (this.#head === undefined) this.close();
  }

  close(): void {
    this.#socket.destroy();
  }

  #begin(chunk: Buffer): void {
    const { receiver, buffers, limits, admits } = this.#options;
    const head = receiver.refusing ? undefined : readHead(chunk);
    if (!head || head.bodyBytes > limits.bodyBytes || !admits(head.host, head.authorization)) {
      this.#leave([chunk]);
      return;
    }
    this.#since = performance.now();
    this.#isFirst = false;
    this.#head = head;
    this.#body = buffers.take(head.bodyBytes + slackBytes);
    if (chunk.length < head.bytes + head.bodyBytes) this.#headBytes = Buffer.from(chunk.subarray(0, head.bytes));
    this.#fill(chunk, head.bytes);
  }

  #fill(chunk: Buffer, from: number): void {
    const head = this.#head as Head;
    const body = this.#body as Buffer;
    const bytes = Math.min(chunk.length - from, head.bodyBytes - this.#length);
    this.#held += bytes;
    if (!this.#options.receiver.hold(bytes)) {
      const isFirst = from > 0; // and the head stands before
      const before = isFirst ? [] : [this.#headBytes as Buffer, Buffer.from(body.subarray(0, this.#length))];
      this.#dropBody();
      this.#leave([...before, chunk]);
      return;
    }
    body.set(bytes === chunk.length ? chunk : chunk.subarray(from, from + bytes), this.#length);
    this.#length += bytes;
    const isMore = from + bytes < chunk.length;
    if (isMore) this.#behind.push(chunk.subarray(from + bytes));
    else giveBack(chunk);
    if (this.#length < head.bodyBytes) return;
    void this.#answer(head, body);
  }

  async #answer(head: Head, body: Buffer): Promise<void> {
    const { receiver, took, log } = this.#options;
    const { signal, encoding, compression } = head;
    const held = this.#held;
    this.#held = 0;
    this.#headBytes = this.#body = undefined; // the receiver's now
    const answer = await receiver
      .take(signal, encoding, compression, { buffer: body, length: this.#length })
      .catch((problem: unknown) => {
        log(`POST /v1/${signal} failed: ${problem instanceof Error ? problem.message : String(problem)}`);
        return failed;
      });
    receiver.release(held);
    this.#length = 0;
    const { status, type, body: said } = replyTo(signal, encoding, answer);
    const began = this.#since;
    const now = performance.now();
    this.#since = now;
    took((now - began) / 1_000);
    if (this.#socket.destroyed) return;
    const seconds = Math.floor(this.#server.keepAliveTimeout / 1_000);
    const retry = status === 503 ? 'retry-after: 1\r\n' : '';
    const lines = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${retry}content-type: ${type}\r\ncontent-length: ${said.length}\r\nDate: ${dateNow()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
    const isTaken =
      said.length === 0
        ? this.#socket.write(lines, 'latin1')
        : this.#socket.write(Buffer.concat([Buffer.from(lines, 'latin1'), said]));
    if (isTaken) this.#next();
    else this.#socket.once('drain', () => this.#next());
  }

  #next(): void {
    this.#head = undefined;
    if (this.#behind.length > 0) {
      const bytes = Buffer.concat(this.#behind.splice(0));
      this.#socket.resume();
      this.#begin(bytes);
    }
    if (this.#ended) this.#endIfOver();
  }

  /** What was sent and is not whole will never be. */
  #endIfOver(): void {
    if (this.#head === undefined) this.#socket.end();
    else if (this.#body !== undefined) this.#refuse(400);
  }

  #refuse(status: number): void {
    this.#dropBody();
    this.#socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    this.#socket.destroySoon();
  }

  #dropBody(): void {
    if (this.#body) this.#options.buffers.give(this.#body);
    this.#options.receiver.release(this.#held);
    this.#headBytes = this.#body = undefined;
    this.#length = this.#held = 0;
  }

  /** Leaves the connection to node:http, which is to read these bytes again. */
  #leave(pieces: readonly Buffer[]): void {
    const socket = this.#socket;
    this.#connections.delete(this);
    socket.pause();
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError);
    if (this.#ended) {
      socket.on('error', this.#onError).end(); // who has gone is not told anything
      return;
    }
    for (const piece of pieces.toReversed()) if (piece.length > 0) socket.unshift(piece);
    this.#handOver(socket);
    socket.resume();
  }
}

/**
 * Frees what was copied out of a piece at once, not at the next collection, so that the next read finds the same memory,
 * still in the caches. Only a piece that is all of its memory, and where there is such a call: Node 22 and later. A small
 * one costs more to give back than it holds.
 */
function giveBack({ buffer, length }: Buffer): void {
  const memory = buffer as { readonly byteLength: number; transfer?: (bytes: number) => ArrayBuffer };
  if (length >= 8_192 && length === memory.byteLength) memory.transfer?.(0);
}

let date = '';
let dateSecond = 0;

function dateNow(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1_000).toUTCString();
  }
  return date;
}
