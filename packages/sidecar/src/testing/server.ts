/**
 * The server that tests talk to: ROUTESCOPE_TEST_CLICKHOUSE (and ROUTESCOPE_TEST_CLUSTER), or else the engine child
 * behind a TCP port, which speaks the same HTTP interface and stands for one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layout } from '../engine/layout.ts';
import { openServer, type Server, serverOf } from '../engine/server.ts';
import { openEngine } from '../engine/supervise.ts';

export interface TestServer {
  readonly url: string;
  readonly server: Server;
  readonly layout: Layout;
  /** Hangs up and refuses connections, until it comes back; only of the engine that stands for a server. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** Without a database of ours. */
export async function startTestServer(env: NodeJS.ProcessEnv): Promise<TestServer> {
  const given = env['ROUTESCOPE_TEST_CLICKHOUSE'];
  if (given) {
    const layout = { cluster: env['ROUTESCOPE_TEST_CLUSTER'] };
    const engine = await openServer(serverOf(given));
    await engine.writer.command({
      query: `DROP DATABASE IF EXISTS routescope${layout.cluster ? ` ON CLUSTER '${layout.cluster}'` : ''} SYNC`,
    });
    await engine.close();
    const nothing = async (): Promise<void> => {};
    return { url: given, server: serverOf(given), layout, leave: nothing, comeBack: nothing, close: nothing };
  }
  const directory = mkdtempSync(join(tmpdir(), 'routescope-server-'));
  const engine = await openEngine(directory);
  const sockets = new Set<Socket>();
  const socketPath = engine.door.options.socketPath as string;
  const door = createServer((outer) => {
    const inner = connect(socketPath);
    for (const socket of [outer, inner]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    outer.pipe(inner).pipe(outer);
  });
  const listen = (port: number): Promise<void> => new Promise((listening) => door.listen(port, '127.0.0.1', listening));
  const leave = async (): Promise<void> => {
    const closed = new Promise((done) => door.close(done));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = door.address() as AddressInfo;
  const url = `http://writer:hidden-word@127.0.0.1:${port}`;
  return {
    url,
    server: serverOf(url),
    layout: {},
    leave,
    comeBack: () => listen(port),
    async close() {
      await leave();
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
