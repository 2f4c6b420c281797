/** Another OTLP receiver, to which the sidecar passes spans on: remembers the number of every span it was given. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { spansOf } from '../fuzz/reference.ts';
import { numberOf } from './numbered.ts';

export interface Collector {
  readonly port: number;
  readonly got: ReadonlySet<number>;
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const got = new Set<number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the sender went in the middle: nothing was taken
    }
    for (const { span } of spansOf(gunzipSync(Buffer.concat(chunks)))) got.add(numberOf(span?.traceId as Uint8Array));
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    got,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
