/** The options of `serve` that say where it listens, who may knock, and what is cut of what comes in. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { SidecarOptions } from '../pipeline.ts';
import { defaultLimits } from '../receive/body.ts';
import { type Options, UsageError, whole } from './command.ts';

const mebi = 1024 * 1024;

export const door = {
  host: {
    type: 'string',
    value: 'ADDRESS',
    help: 'address to listen on; other than loopback only with a token',
    env: 'ROUTESCOPE_HOST',
    otherwise: '127.0.0.1',
  },
  port: {
    type: 'string',
    value: 'N',
    help: 'port of OTLP/HTTP, scores and questions; 0 takes a free one',
    env: 'ROUTESCOPE_PORT',
    otherwise: '4318',
  },
  'grpc-port': {
    type: 'string',
    value: 'N|off',
    help: 'port of OTLP/gRPC; default 4317, a free one with --port 0',
    env: 'ROUTESCOPE_GRPC_PORT',
  },
  token: {
    type: 'string',
    value: 'TEXT',
    help: 'bearer token every request must carry; others on the machine see it here, so better by environment or file',
    env: 'ROUTESCOPE_TOKEN',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    help: 'file whose first line is the token',
    env: 'ROUTESCOPE_TOKEN_FILE',
  },
  'tls-cert': { type: 'string', value: 'FILE', help: 'certificate chain, PEM', env: 'ROUTESCOPE_TLS_CERT' },
  'tls-key': { type: 'string', value: 'FILE', help: 'its private key, PEM', env: 'ROUTESCOPE_TLS_KEY' },
  'max-body-mib': {
    type: 'string',
    value: 'N',
    help: 'largest request body as sent',
    env: 'ROUTESCOPE_MAX_BODY_MIB',
    otherwise: String(defaultLimits.bodyBytes / mebi),
  },
  'max-inflated-mib': {
    type: 'string',
    value: 'N',
    help: 'largest request body inflated',
    env: 'ROUTESCOPE_MAX_INFLATED_MIB',
    otherwise: String(defaultLimits.inflatedBytes / mebi),
  },
  'allow-attribute': {
    type: 'string',
    many: true,
    value: 'NAME',
    help: 'attribute that stays though it holds content or looks like it; `name.` for all that begin so',
    env: 'ROUTESCOPE_ALLOW_ATTRIBUTES',
  },
  'deny-attribute': {
    type: 'string',
    many: true,
    value: 'NAME',
    help: 'attribute that is cut whatever it holds; wins over --allow-attribute',
    env: 'ROUTESCOPE_DENY_ATTRIBUTES',
  },
} as const satisfies Options;

/** @throws UsageError that says which option is wrong. */
export function doorOf(
  values: {
    readonly [K in keyof typeof door]: (typeof door)[K] extends { many: true }
      ? readonly string[]
      : (typeof door)[K] extends { otherwise: string }
        ? string
        : string | undefined;
  },
): Partial<SidecarOptions> {
  const port = whole('port', values.port, 0, 65_535);
  const grpcPort = values['grpc-port'] ?? (port === 0 ? '0' : '4317');
  const token = tokenOf(values.token, values['token-file']);
  const cert = values['tls-cert'];
  const key = values['tls-key'];
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--tls-cert and --tls-key belong together: give both');
  return {
    host: values.host,
    port,
    ...(grpcPort !== 'off' && { grpcPort: whole('grpc-port', grpcPort, 0, 65_535) }),
    ...(token !== undefined && { token }),
    ...(cert !== undefined && key !== undefined && { tls: tlsOf(cert, key) }),
    limits: {
      ...defaultLimits,
      bodyBytes: whole('max-body-mib', values['max-body-mib'], 1, 1_024) * mebi,
      inflatedBytes: whole('max-inflated-mib', values['max-inflated-mib'], 1, 1_024) * mebi,
    },
    redact: { allow: values['allow-attribute'], deny: values['deny-attribute'] },
  };
}

function tlsOf(certPath: string, keyPath: string): { readonly cert: Buffer; readonly key: Buffer } {
  const tls = { cert: read('tls-cert', certPath), key: read('tls-key', keyPath) };
  try {
    createSecureContext(tls);
  } catch (problem) {
    throw new UsageError(
      `--tls-cert ${certPath} and --tls-key ${keyPath}: expected a certificate and the private key it was made for, both PEM (${(problem as Error).message})`,
    );
  }
  return tls;
}

function tokenOf(token: string | undefined, file: string | undefined): string | undefined {
  if (token !== undefined && file !== undefined) throw new UsageError('--token and --token-file: give one of them');
  if (file === undefined) return token;
  const line = read('token-file', file).toString('utf8').split('\n', 1)[0]?.trim() ?? '';
  if (line === '') throw new UsageError(`--token-file ${file}: its first line is empty`);
  return line;
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (problem) {
    throw new UsageError(`--${option} ${path}: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}
