/** Where spans are passed on to, as people write it: a URL, or an object in a file with headers, a filter and cuts. */
import { createHash } from 'node:crypto';

export interface Target {
  /** Names it in metrics, logs and on disk. @default host and port of the URL */
  readonly name: string;
  /** `http(s)://host:port[/path]` (OTLP/HTTP, `/v1/traces` where no path is given) or `grpc(s)://host:port`. */
  readonly url: URL;
  /** Sent with every request: an API key. Never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  /** Evaluation results go there too, as log records. */
  readonly logs: boolean;
  readonly only: Readonly<Record<string, readonly string[]>> | undefined;
  readonly cut: readonly string[];
}

/** @throws Error that says what is wrong with which target. */
export function targetOf(given: string | Readonly<Record<string, unknown>>): Target {
  const {
    name,
    url: text,
    headers,
    gzip,
    logs,
    only,
    cut,
    ...unknown
  } = typeof given === 'string' ? { url: given } : ({ url: undefined, ...given } as Record<string, unknown>);
  const url = urlOf(text);
  const where = `forward target ${typeof name === 'string' ? JSON.stringify(name) : shown(url)}`;
  const wrong = (what: string): never => {
    throw new Error(`${where}: ${what}`);
  };
  const strange = Object.keys(unknown)[0];
  if (strange !== undefined)
    wrong(`${JSON.stringify(strange)} is not known; expected name, url, headers, gzip, logs, only or cut`);
  if (name !== undefined && (typeof name !== 'string' || !/^[\w.:-]{1,64}$/.test(name)))
    wrong('name: expected up to 64 letters, digits, dots, colons and dashes');
  if (headers !== undefined && !isRecord(headers, (value) => typeof value === 'string'))
    wrong('headers: expected an object of strings');
  const isGrpc = url.protocol.startsWith('grpc');
  const unsendable = Object.entries(headers ?? {}).find(
    ([key, value]) => !isHeader(key, value) || (isGrpc && /-bin$/i.test(key)), // gRPC's own name for bytes
  );
  if (unsendable)
    wrong(`headers: ${JSON.stringify(unsendable[0])} cannot be sent: expected a name, and a value of printable ASCII`);
  if (gzip !== undefined && typeof gzip !== 'boolean') wrong('gzip: expected true or false');
  if (logs !== undefined && typeof logs !== 'boolean') wrong('logs: expected true or false');
  if (logs === true && url.protocol.startsWith('http') && !tracesPath.test(url.pathname))
    wrong('logs: its url must end with /v1/traces, from which the one of log records, /v1/logs, is made');
  if (only !== undefined && !isRecord(only, isTexts))
    wrong('only: expected an object from attribute to a list of its values');
  if (cut !== undefined && !isTexts(cut)) wrong('cut: expected a list of attribute names');
  return {
    name: (name as string | undefined) ?? url.host,
    url,
    headers: (headers ?? {}) as Record<string, string>,
    gzip: gzip !== false,
    logs: logs === true,
    only: only as Target['only'],
    cut: (cut ?? []) as readonly string[],
  };
}

/** The name of its cursor: a target keeps its place while its name stays. */
export const consumerOf = (target: Target): string =>
  `forward-${createHash('sha256').update(target.name).digest('hex').slice(0, 12)}`;

const tracesPath = /\/v1\/traces\/?$/;

/** Where a target that takes spans at this URL takes log records. */
export function logsUrlOf(url: URL): URL {
  const logs = new URL(url);
  logs.pathname = url.pathname.replace(tracesPath, '/v1/logs');
  return logs;
}

/** Without user and password. */
export const shown = (url: URL): string => `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;

function urlOf(text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:', 'grpc:', 'grpcs:'].includes(url.protocol) || url.host === '')
    throw new Error(
      'a forward target needs a url: http://host:4318 or https://… for OTLP/HTTP, grpc://host:4317 or grpcs://… for OTLP/gRPC',
    );
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new Error(`forward target ${shown(url)}: in its user or password a percent sign is written %25`);
  }
  if (url.protocol.startsWith('http') && url.pathname === '/') url.pathname = '/v1/traces';
  return url;
}

/** The value is never quoted: it is a key, most times. */
const isHeader = (name: string, value: unknown): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value as string);

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');
const isRecord = (value: unknown, holds: (value: unknown) => boolean): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(holds);
