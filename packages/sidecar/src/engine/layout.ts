/**
 * Where the tables stand. The migrations are written once, for the engine on this machine; here they are rendered for
 * a server with a storage policy, for a cluster, or beside an `otel_traces` that a Collector writes.
 *
 * On a cluster every table `x` becomes two: `x_local` on each node, replicated within its shard, and `x`, Distributed
 * over all shards, which is what everybody reads and writes. Views stay on their shard, from one `_local` to the next:
 * spans are sharded once, at the door `otlp_in`, by trace. What is small and joined (`events`) is on every
 * node whole.
 */
import type { ClickHouseClient } from '@clickhouse/client';

export interface Layout {
  /** Name of the cluster in the servers' configuration; its nodes have the macros `shard` and `replica`. */
  readonly cluster?: string | undefined;
  /** Storage policy of every table, from the servers' configuration. */
  readonly storagePolicy?: string | undefined;
  /** `database.table` that a Collector fills with spans: our views read it, and our own door and traces are left out. */
  readonly traces?: string | undefined;
}

/**
 * By which a row finds its shard: all rows of a trace meet, and with them its scores and their corrections. Rollups are
 * filled by views, on the shard of what they count, and merged over all shards when they are read.
 */
function shardedBy(name: string, definition: string): string {
  if (name === 'otlp_in')
    return 'cityHash64(if(empty(log.trace_id), lower(hex(span.trace_id)), lower(hex(log.trace_id))))';
  const [, trace] = /^ {4}(TraceId|trace_id) String/m.exec(definition) ?? [];
  if (trace !== undefined) return `cityHash64(${trace})`;
  if (/^ENGINE = AggregatingMergeTree/m.test(definition)) return 'rand()';
  throw new Error(
    `${name} has no trace to be sharded by on a cluster: give it one, or name it in layout.ts among the tables on every node`,
  );
}

/** Small, and joined or looked up. */
const onEveryNode: ReadonlySet<string> = new Set([
  'events',
  'scores_early',
  'units_1d',
  'versions_1d',
  'settled_days',
  'schema_migrations',
  'ledger_1m',
  'drift_evidence_10m',
]);

/** The door and the traces: what a Collector has already, in its own way. */
const collectorHas = /^(otlp_in|otel_traces(_from_otlp|_trace_id_ts(_from_traces)?)?)$/;

export const localName = (table: string, { cluster }: Layout): string =>
  cluster === undefined || onEveryNode.has(table) ? table : `${table}_local`;

export const onCluster = ({ cluster }: Layout): string => (cluster === undefined ? '' : ` ON CLUSTER '${cluster}'`);

/** @throws Error that says which name is none. */
export function checkLayout(layout: Layout): Layout {
  const { cluster, storagePolicy, traces } = layout;
  if (cluster !== undefined && !/^[\w.{}-]+$/.test(cluster))
    throw new Error(`${JSON.stringify(cluster)} is no name of a cluster`);
  if (storagePolicy !== undefined && !/^[\w.-]+$/.test(storagePolicy))
    throw new Error(`${JSON.stringify(storagePolicy)} is no name of a storage policy`);
  if (traces !== undefined && !/^\w+\.\w+$/.test(traces))
    throw new Error(`${JSON.stringify(traces)}: expected DATABASE.TABLE, as in otel.otel_traces`);
  return layout;
}

/** The statement as it is run in that layout: none, one or two. @throws Error when it is of no kind known here. */
export function render(statement: string, layout: Layout): readonly string[] {
  const [, verb, name] =
    /^(CREATE TABLE IF NOT EXISTS|CREATE (?:MATERIALIZED )?VIEW IF NOT EXISTS|ALTER TABLE) routescope\.(\w+)/.exec(
      statement,
    ) ?? [];
  if (verb === undefined || name === undefined)
    throw new Error(`this statement of a migration is of no kind that can be rendered: ${statement.slice(0, 120)}`);
  const rest = statement.slice(verb.length + ' routescope.'.length + name.length);
  if (layout.traces !== undefined && (collectorHas.test(name) || /\bFROM routescope\.otlp_in\b/.test(rest))) return [];
  // A plain view keeps nothing and is asked like a table: it reads from all shards.
  const isPlainView = verb === 'CREATE VIEW IF NOT EXISTS';
  const sources = (text: string): string =>
    text.replace(/\b(TO|FROM|JOIN) routescope\.(\w+)/g, (_, word: string, table: string) =>
      table === 'otel_traces' && layout.traces !== undefined
        ? `${word} ${layout.traces}`
        : `${word} routescope.${isPlainView ? table : localName(table, layout)}`,
    );
  if (verb.includes('VIEW')) return [`${verb} routescope.${name}${onCluster(layout)}${sources(rest)}`];
  const local = `${verb} routescope.${localName(name, layout)}${onCluster(layout)}`;
  if (verb === 'ALTER TABLE')
    return localName(name, layout) === name
      ? [local + rest]
      : [local + rest, `${verb} routescope.${name}${onCluster(layout)}${rest}`];
  const table = local + engineFor(rest, name, layout);
  return localName(name, layout) === name ? [table] : [table, distributed(name, rest, layout)];
}

function distributed(name: string, definition: string, layout: Layout): string {
  const key = shardedBy(name, definition);
  return `CREATE TABLE IF NOT EXISTS routescope.${name}${onCluster(layout)} AS routescope.${name}_local
ENGINE = Distributed('${layout.cluster}', 'routescope', '${name}_local', ${key})`;
}

function engineFor(definition: string, name: string, layout: Layout): string {
  const { cluster, storagePolicy } = layout;
  let text = definition;
  if (cluster !== undefined)
    text = text
      .replace(/^ENGINE = (\w*MergeTree)(?:\((.*)\))?$/m, (_, engine: string, args: string | undefined) => {
        const place = onEveryNode.has(name)
          ? "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'"
          : "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
        return `ENGINE = Replicated${engine}(${place}${args === undefined ? '' : `, ${args}`})`;
      })
      .replace(/non_replicated_deduplication_window = (\d+)/, (_, window: string) => `${windowOf(window)}`);
  if (storagePolicy !== undefined && /^ENGINE = \w*MergeTree/m.test(text))
    text = /^SETTINGS /m.test(text)
      ? text.replace(/^SETTINGS /m, `SETTINGS storage_policy = '${storagePolicy}', `)
      : `${text}\nSETTINGS storage_policy = '${storagePolicy}'`;
  return text;
}

/** A week: as long as a sidecar may have been cut off and still repeat its last insert. */
const windowOf = (window: string): string =>
  `replicated_deduplication_window = ${window}, replicated_deduplication_window_seconds = 604800`;

/** The layout a database already has; undefined when it has no tables of ours. */
export async function layoutOf(client: ClickHouseClient): Promise<Layout | undefined> {
  const result = await client.query({
    query:
      "SELECT name, engine, engine_full, as_select FROM system.tables WHERE database = 'routescope' AND name IN ('calls', 'attempts_from_traces')",
    format: 'JSONEachRow',
  });
  const tables = await result.json<{ name: string; engine: string; engine_full: string; as_select: string }>();
  const calls = tables.find((table) => table.name === 'calls');
  if (calls === undefined) return undefined;
  const view = tables.find((table) => table.name === 'attempts_from_traces');
  const source = /\bFROM `?(\w+)`?\.`?(\w+)`?/.exec(view?.as_select ?? '');
  return {
    cluster: calls.engine === 'Distributed' ? /^Distributed\('([^']+)'/.exec(calls.engine_full)?.[1] : undefined,
    traces: source && source[1] !== 'routescope' ? `${source[1]}.${source[2]}` : undefined,
  };
}
