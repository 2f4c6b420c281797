/** The sidecar's one HTTP port: which path goes to which room, and who may knock. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Admits } from './auth.ts';
import { failed } from './receive/receiver.ts';
import { codes, sendStatus } from './receive/status.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Routes {
  readonly traces: Handler;
  readonly logs: Handler;
  readonly scores: Handler;
  readonly events: Handler;
  readonly query: Handler;
  readonly status: Handler;
  readonly replay: Handler;
  readonly metrics: Handler;
  readonly alive: Handler;
  readonly ready: Handler;
}

/** Path, methods and handler of everything that is served; openapi.json lists the same. */
export const served = [
  { path: '/v1/traces', methods: undefined, to: 'traces' }, // answers other methods itself, in OTLP's form
  { path: '/v1/logs', methods: undefined, to: 'logs' },
  { path: '/v1/scores', methods: ['POST'], to: 'scores' },
  { path: '/v1/events', methods: ['POST'], to: 'events' },
  { path: '/query', methods: ['GET', 'POST'], to: 'query' },
  { path: '/query/ping', methods: ['GET'], to: 'query' },
  { path: '/status', methods: ['GET'], to: 'status' },
  { path: '/v1/replay', methods: ['POST'], to: 'replay' },
  { path: '/metrics', methods: ['GET'], to: 'metrics' },
  { path: '/livez', methods: ['GET'], to: 'alive' },
  { path: '/readyz', methods: ['GET'], to: 'ready' },
] as const satisfies readonly { path: string; methods: readonly string[] | undefined; to: keyof Routes }[];

/** A probe has no token to send. */
const open: ReadonlySet<keyof Routes> = new Set(['alive', 'ready']);

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;

export interface ServerOptions {
  readonly log: (line: string) => void;
  /** Absent: no token is asked for, and only programs on this machine are answered. */
  readonly admits?: Admits | undefined;
  /** PEM; absent: plain HTTP. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

export function createHttpServer(routes: Routes, { log, admits, tls }: ServerOptions): Server {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?', 1)[0]?.replace(/(?<=.)\/$/, '');
    const route = served.find((candidate) => candidate.path === path);
    const refuse = (status: number, code: number, message: string): void => {
      if (!request.complete) response.setHeader('connection', 'close');
      sendStatus(request, response, status, code, message);
    };
    // A page in a browser can reach loopback: by a name that resolves to it, or across origins. Neither is let in.
    if (isForeign(request.headers, admits !== undefined))
      return refuse(403, codes.permissionDenied, 'only programs on this machine are answered');
    if (!route) {
      const known = served.map((each) => each.path).join(', ');
      return refuse(404, codes.notFound, `nothing is served at ${path}; see ${known}`);
    }
    if (admits && !open.has(route.to) && !admits(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Bearer');
      return refuse(401, codes.unauthenticated, 'a bearer token is wanted: authorization: Bearer …');
    }
    if (route.methods && !(route.methods as readonly string[]).includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '));
      return refuse(405, codes.invalidArgument, `${path} takes ${route.methods.join(' or ')}`);
    }
    Promise.resolve(routes[route.to](request, response)).catch((problem: unknown) => {
      log(`${request.method} ${path} failed: ${problem instanceof Error ? problem.message : String(problem)}`);
      if (response.headersSent) response.destroy();
      else refuse(500, failed.code, failed.message);
    });
  };
  const server = tls ? createTlsServer({ cert: tls.cert, key: tls.key }, answer) : createServer(answer);
  server.keepAliveTimeout = 65_000;
  return server;
}

interface Caller {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** With a token the name the sidecar is reached by may be any; a page of another origin is never answered. */
export function isForeign({ host = '', origin }: Caller, hasToken: boolean): boolean {
  if (!hasToken && !loopback.test(host)) return true;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}
