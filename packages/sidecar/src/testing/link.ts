/** A TCP connection between two programs that goes bad on purpose. Listens on one port and passes everything on. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * - `refused`: nobody listens.
 * - `half-open`: every other connection is cut as soon as it is answered, so that what was asked is done and nobody is
 *   told; of the rest every other is taken and never heard of again.
 * - `slow`: what is said arrives in pieces, with pauses.
 * - `silent`: what is said is taken and never heard of again. Connections there were when it began, and those made while
 *   it lasts, stay so.
 */
type LinkState = 'good' | 'refused' | 'half-open' | 'slow' | 'silent';

export interface Link {
  readonly port: number;
  set(state: LinkState): Promise<void>;
  /** Connections that were troubled so far. */
  readonly troubled: number;
  close(): Promise<void>;
}

/** @param to a port on this machine, or the path of a unix socket. */
export async function openLink(to: number | string): Promise<Link> {
  let state: LinkState = 'good';
  let connections = 0;
  let troubled = 0;
  const sockets = new Set<Socket>();
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const door = createServer((outer) => {
    hold(outer);
    const now = state;
    const turn = connections++;
    if (now === 'silent' || (now === 'half-open' && turn % 4 === 1)) {
      troubled++;
      outer.resume();
      return;
    }
    const inner = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
    hold(inner);
    outer.once('close', () => inner.destroy());
    inner.once('close', () => outer.destroy());
    if (now === 'slow') {
      troubled++;
      void trickle(outer, inner);
      void trickle(inner, outer);
      return;
    }
    outer.pipe(inner);
    if (now === 'half-open' && turn % 2 === 0)
      inner.once('data', () => {
        troubled++;
        outer.destroy();
      });
    else inner.pipe(outer);
  });
  const listen = (port: number): Promise<void> => new Promise((listening) => door.listen(port, '127.0.0.1', listening));
  const leave = async (): Promise<void> => {
    const closed = new Promise((done) => door.close(done));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = door.address() as AddressInfo;
  return {
    port,
    async set(next) {
      if (next === state) return;
      if (state === 'refused') await listen(port);
      if (next === 'refused') await leave();
      if (next === 'silent') for (const socket of sockets) silence(socket);
      state = next;
      connections = 0;
    },
    get troubled() {
      return troubled;
    },
    close: () => (state === 'refused' ? Promise.resolve() : leave()),
  };
}

/** It takes what it is sent, passes nothing on, and does not end with its other half. */
function silence(socket: Socket): void {
  socket.unpipe();
  socket.removeAllListeners('close');
  socket.resume();
}

async function trickle(from: Socket, to: Socket): Promise<void> {
  try {
    for await (const chunk of from) {
      const middle = (chunk as Buffer).length / 2;
      for (const piece of [(chunk as Buffer).subarray(0, middle), (chunk as Buffer).subarray(middle)]) {
        await sleep(10);
        to.write(piece);
      }
    }
    to.end();
  } catch {
    to.destroy();
  }
}
