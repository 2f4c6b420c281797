/** The options of everything that may stand on a ClickHouse server instead of the engine on this machine. */
import { checkLayout, type Layout } from '../engine/layout.ts';
import type { Retention } from '../engine/retention.ts';
import { type Server, serverOf } from '../engine/server.ts';
import { type Option, UsageError, whole } from './command.ts';

export const clickhouse = {
  clickhouse: {
    type: 'string',
    value: 'URL',
    help: 'a ClickHouse server instead of the engine on this machine: http://user@host:8123',
    env: 'ROUTESCOPE_CLICKHOUSE',
  },
  'clickhouse-password': {
    type: 'string',
    value: 'TEXT',
    help: 'its password; better from the variable or a file',
    env: 'ROUTESCOPE_CLICKHOUSE_PASSWORD',
  },
  'clickhouse-password-file': {
    type: 'string',
    value: 'FILE',
    help: 'a file that holds its password',
    env: 'ROUTESCOPE_CLICKHOUSE_PASSWORD_FILE',
  },
} as const satisfies Record<string, Option>;

export const layout = {
  cluster: {
    type: 'string',
    value: 'NAME',
    help: 'cluster to make the tables on, when they are made',
    env: 'ROUTESCOPE_CLUSTER',
  },
  'storage-policy': {
    type: 'string',
    value: 'NAME',
    help: 'storage policy of the tables, when they are made',
    env: 'ROUTESCOPE_STORAGE_POLICY',
  },
} as const satisfies Record<string, Option>;

export const retention = {
  'keep-traces': {
    type: 'string',
    value: 'DAYS',
    help: 'how long spans are kept, or forever',
    env: 'ROUTESCOPE_KEEP_TRACES',
    otherwise: '30',
  },
  'keep-calls': {
    type: 'string',
    value: 'DAYS',
    help: 'how long a row per call and attempt is kept',
    env: 'ROUTESCOPE_KEEP_CALLS',
    otherwise: '90',
  },
  'keep-rollups': {
    type: 'string',
    value: 'DAYS',
    help: 'how long minutes, sessions and scores are kept',
    env: 'ROUTESCOPE_KEEP_ROLLUPS',
    otherwise: '400',
  },
} as const satisfies Record<string, Option>;

type Given<O> = { readonly [K in keyof O]: string | undefined };

/** @throws UsageError that does not quote the URL: it may hold the password. */
export function serverFrom(values: Given<typeof clickhouse>): Server | undefined {
  if (values.clickhouse === undefined) return undefined;
  try {
    return serverOf(values.clickhouse, {
      password: values['clickhouse-password'],
      passwordFile: values['clickhouse-password-file'],
    });
  } catch (problem) {
    throw new UsageError(`--clickhouse: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}

export function layoutFrom(values: Given<typeof layout> & { readonly traces?: string | undefined }): Layout {
  try {
    return checkLayout({
      cluster: values.cluster,
      storagePolicy: values['storage-policy'],
      traces: values.traces,
    });
  } catch (problem) {
    throw new UsageError(problem instanceof Error ? problem.message : String(problem));
  }
}

/** Undefined for ever. @throws UsageError */
export const daysOf = (name: string, text: string): number | undefined =>
  text === 'forever' ? undefined : whole(name, text, 1, 36_500);

export function retentionFrom(values: { readonly [K in keyof typeof retention]: string }): Retention {
  const days = (name: keyof typeof retention): number | undefined => daysOf(name, values[name]);
  return { traces: days('keep-traces'), calls: days('keep-calls'), rollups: days('keep-rollups') };
}
