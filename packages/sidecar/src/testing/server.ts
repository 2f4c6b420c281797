/**
 * The server that tests talk to: ROUTESCOPE_TEST_CLICKHOUSE (and ROUTESCOPE_TEST_CLUSTER), or else the engine child
 * behind a TCP port, which speaks the same HTTP interface and stands for one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layout } from '../engine/layout.ts';
import { openServer, type Server, serverOf } from '../engine/server.ts';
import { openEngine } from '../engine/supervise.ts';
import { type Link, openLink } from './link.ts';

export interface TestServer {
  readonly url: string;
  readonly server: Server;
  readonly layout: Layout;
  /** Of the engine that stands for a server; a given one stays as it is. */
  readonly link: Pick<Link, 'set' | 'troubled'>;
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
    return { url: given, server: serverOf(given), layout, link: { set: nothing, troubled: 0 }, close: nothing };
  }
  const directory = mkdtempSync(join(tmpdir(), 'routescope-server-'));
  const engine = await openEngine(directory);
  const link = await openLink(engine.door.options.socketPath as string);
  const url = `http://writer:hidden-word@127.0.0.1:${link.port}`;
  return {
    url,
    server: serverOf(url),
    layout: {},
    link,
    async close() {
      await link.close();
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
