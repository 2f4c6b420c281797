/** The sidecar's one HTTP port: which path goes to which room, and who may knock. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Routes {
  readonly traces: Handler;
  readonly scores: Handler;
  readonly events: Handler;
  readonly query: Handler;
  readonly status: Handler;
  readonly metrics: Handler;
  readonly alive: Handler;
  readonly ready: Handler;
}

/** Path, methods and handler of everything that is served; openapi.json lists the same. */
export const served = [
  { path: '/v1/traces', methods: undefined, to: 'traces' }, // answers other methods itself, in OTLP's form
  { path: '/v1/scores', methods: ['POST'], to: 'scores' },
  { path: '/v1/events', methods: ['POST'], to: 'events' },
  { path: '/query', methods: ['GET', 'POST'], to: 'query' },
  { path: '/query/ping', methods: ['GET'], to: 'query' },
  { path: '/status', methods: ['GET'], to: 'status' },
  { path: '/metrics', methods: ['GET'], to: 'metrics' },
  { path: '/livez', methods: ['GET'], to: 'alive' },
  { path: '/readyz', methods: ['GET'], to: 'ready' },
] as const satisfies readonly { path: string; methods: readonly string[] | undefined; to: keyof Routes }[];

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;

export function createHttpServer(routes: Routes, log: (line: string) => void): Server {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]?.replace(/(?<=.)\/$/, '');
    const route = served.find((candidate) => candidate.path === path);
    // A page in a browser can reach loopback: by a name that resolves to it, or across origins. Neither is let in.
    if (!loopback.test(request.headers.host ?? '') || request.headers.origin !== undefined)
      return refuse(response, 403, 'only programs on this machine are answered');
    if (!route)
      return refuse(response, 404, `nothing is served at ${path}; see ${served.map((each) => each.path).join(', ')}`);
    if (route.methods && !(route.methods as readonly string[]).includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '));
      return refuse(response, 405, `${path} takes ${route.methods.join(' or ')}`);
    }
    Promise.resolve(routes[route.to](request, response)).catch((problem: unknown) => {
      log(`${request.method} ${path} failed: ${problem instanceof Error ? problem.message : String(problem)}`);
      if (!response.headersSent) refuse(response, 500, 'the request failed; see the log of the sidecar');
      else response.destroy();
    });
  });
  server.keepAliveTimeout = 65_000;
  return server;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code: status === 404 ? 5 : 3, message }));
}
