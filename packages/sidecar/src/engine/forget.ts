/** Deletes what is known of one session or one user: the whole traces they appear in, from every table with a row of its own. */
import type { ClickHouseClient } from '@clickhouse/client';
import { type Word, words } from '@routescope/conventions';
import { type Layout, localName, onCluster } from './layout.ts';

export interface Whom {
  readonly kind: 'session' | 'user';
  readonly id: string;
}

/** Rows deleted, by table. */
export type Forgotten = Readonly<Record<string, number>>;

const session = words.find((word: Word) => word.column === 'session_id') as Word;

/** Attributes of a span, or of its resource, that name whom it was for; OpenTelemetry's first, then other dialects'. */
const attributes: Readonly<Record<Whom['kind'], readonly string[]>> = {
  session: [session.attribute, ...(session.alsoRead ?? [])],
  user: [
    'user.id',
    'enduser.id',
    'langfuse.user.id',
    'traceloop.association.properties.user_id',
    'ai.telemetry.metadata.userId',
  ],
};

/** As many ids as stay well below the longest statement a server reads. */
const idsPerStatement = 2_000;

/** Resolves when the rows are gone from the disks of every replica. May be repeated. */
export async function forget(writer: ClickHouseClient, whom: Whom, layout: Layout): Promise<Forgotten> {
  const traces = await idsOf(writer, tracesOf(whom, layout), { id: whom.id, keys: attributes[whom.kind] });
  const forgotten: Record<string, number> = {};
  const erase = async (table: string, where: string, query_params: Record<string, unknown> = {}): Promise<void> => {
    const counted = await writer.query({
      query: `SELECT count() AS n FROM routescope.${table} WHERE ${where}`,
      query_params,
      format: 'JSONEachRow',
    });
    const rows = Number((await counted.json<{ n: string }>())[0]?.n);
    if (rows === 0) return;
    await writer.command({
      query: `ALTER TABLE routescope.${localName(table, layout)}${onCluster(layout)} DELETE WHERE ${where}`,
      query_params,
      clickhouse_settings: { mutations_sync: '2' },
    });
    forgotten[table] = (forgotten[table] ?? 0) + rows;
  };

  for (const some of chunksOf(traces)) {
    const ofTraces = `trace_id ${among(some)}`;
    const sessions = await idsOf(
      writer,
      `SELECT DISTINCT session_id AS id FROM routescope.calls WHERE ${ofTraces} AND session_id != ''`,
    );
    for (const each of chunksOf(sessions)) await erase('session_units', `session_id ${among(each)}`);
    // A score may name its call alone, and wait for it.
    const calls = await idsOf(writer, `SELECT DISTINCT call_id AS id FROM routescope.calls WHERE ${ofTraces}`);
    for (const each of chunksOf(calls))
      for (const table of ['scores', 'scores_early']) await erase(table, `call_id ${among(each)}`);
    for (const table of ['attempts', 'scores', 'calls']) await erase(table, ofTraces);
    // Last, for they are how the traces are found: should this be cut short, it can be repeated.
    if (layout.traces === undefined)
      for (const table of ['otel_traces_trace_id_ts', 'otel_traces']) await erase(table, `TraceId ${among(some)}`);
  }
  if (whom.kind === 'session')
    for (const table of ['session_units', 'scores', 'attempts', 'calls'])
      await erase(table, 'session_id = {id:String}', { id: whom.id });
  return forgotten;
}

function tracesOf({ kind }: Whom, { traces = 'routescope.otel_traces' }: Layout): string {
  const spans = `SELECT DISTINCT TraceId AS id FROM ${traces} WHERE arrayExists(key -> SpanAttributes[key] = {id:String} OR ResourceAttributes[key] = {id:String}, {keys:Array(String)})`;
  if (kind === 'user') return spans;
  const typed = ['attempts', 'calls', 'scores'].map(
    (table) => `SELECT trace_id AS id FROM routescope.${table} WHERE session_id = {id:String} AND trace_id != ''`,
  );
  return `SELECT DISTINCT id FROM (${[spans, ...typed].join(' UNION ALL ')})`;
}

async function idsOf(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<string[]> {
  const result = await client.query({ query, query_params, format: 'JSONEachRow' });
  return (await result.json<{ id: string }>()).map(({ id }) => id);
}

/** Ids come out of the tables and go into statements too long for parameters of a request. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const among = (ids: readonly string[]): string => `IN (${ids.map(quoted).join(', ')})`;

function* chunksOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += idsPerStatement) yield ids.slice(from, from + idsPerStatement);
}
