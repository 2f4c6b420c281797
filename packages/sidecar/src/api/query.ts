/** `/query`: ClickHouse's HTTP interface for plain reads, so that `@clickhouse/client` and Grafana work against it. */
import { request as httpRequest, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { liftFilters, safeFilters } from './filters.ts';
import { refusal } from './guard.ts';
import { helloBlock, isHello } from './hello.ts';

const maxSqlBytes = 256 * 1024;

/** Settings a reader may choose; all others keep the engine's value. */
const allowed =
  /^(query|database|additional_table_filters|default_format|query_id|client_protocol_version|param_\w+|output_format_\w+|max_execution_time|max_result_rows|result_overflow_mode|wait_end_of_query|enable_http_compression|send_progress_in_http_headers|http_headers_progress_interval_ms)$/;

export interface QueryEndpointOptions {
  /** Of the engine, e.g. `26.7.2.1`. */
  readonly version: () => Promise<string>;
  /** Where ClickHouse's HTTP interface is, and who asks there. */
  readonly options: RequestOptions & { readonly protocol: 'http:' | 'https:' };
  /** Settings every question is asked with, unless it brings its own of those that are allowed. */
  readonly settings: Readonly<Record<string, string>>;
}

export function createQueryEndpoint(
  options: QueryEndpointOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://sidecar');
    if (url.pathname.endsWith('/ping')) {
      response.end('Ok.\n');
      return;
    }
    const strange = [...url.searchParams.keys()].find((name) => !allowed.test(name));
    if (strange !== undefined)
      return refuse(
        response,
        400,
        452,
        `The setting ${strange} may not be changed here.`,
        'SETTING_CONSTRAINT_VIOLATION',
      );
    const body = await readText(request, maxSqlBytes);
    if (body === undefined)
      return refuse(response, 413, 307, `The statement is longer than ${maxSqlBytes} bytes.`, 'TOO_MANY_BYTES');
    const asked = [url.searchParams.get('query'), body].filter(Boolean).join('\n').trim().replace(/;\s*$/, '');
    const { sql, filters = url.searchParams.get('additional_table_filters') } = liftFilters(asked);
    if (isHello(sql)) {
      const revision = Number(url.searchParams.get('client_protocol_version') ?? 0);
      const version = await options.version().catch(() => undefined);
      if (version === undefined) return refuseForNow(response);
      const block = helloBlock(version, Number.isInteger(revision) ? revision : 0);
      response.writeHead(200, { 'content-length': block.length, 'x-clickhouse-format': 'Native' });
      response.end(block);
      return;
    }
    const problem = refusal(sql);
    if (problem !== undefined) return refuse(response, 403, 497, problem, 'ACCESS_DENIED');

    url.searchParams.delete('query');
    if (filters !== null)
      try {
        url.searchParams.set('additional_table_filters', safeFilters(filters));
      } catch (unclear) {
        return refuse(response, 403, 497, `${(unclear as Error).message}.`, 'ACCESS_DENIED');
      }
    for (const [name, value] of Object.entries(options.settings))
      if (!url.searchParams.has(name)) url.searchParams.set(name, value);
    await forward(options.options, `/?${url.searchParams}`, sql, response);
  };
}

function forward(
  door: QueryEndpointOptions['options'],
  path: string,
  sql: string,
  response: ServerResponse,
): Promise<void> {
  return new Promise((done) => {
    const asked = (door.protocol === 'https:' ? httpsRequest : httpRequest)(
      { ...door, path, method: 'POST' },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
        answer.once('close', done);
      },
    );
    asked.once('error', () => {
      refuseForNow(response);
      done();
    });
    asked.end(sql);
  });
}

function refuseForNow(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('retry-after', '1');
  refuse(response, 503, 210, 'The engine is away; ask again in a moment.', 'NETWORK_ERROR');
}

/** As ClickHouse says it, so that its clients parse it. */
function refuse(response: ServerResponse, status: number, code: number, message: string, name: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-clickhouse-exception-code': code });
  response.end(`Code: ${code}. DB::Exception: ${message} (${name})`);
}

/** The body as text, undefined when it is longer than `limit` bytes. */
export async function readText(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > limit) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
