/**
 * The loader: closed segments of the spool become rows. One segment is one insert, its token is the segment's
 * identity, so a crash between insert and cursor only repeats an insert that adds nothing.
 */
import { readFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import type { Segment, Spool } from './spool/spool.ts';

export interface LoadCounters {
  /** Spans whose insert was confirmed since this process started. */
  stored: number;
  /** Spans of segments the engine will never take, set aside as files. */
  deadLettered: number;
  segments: number;
  retries: number;
}

export interface Loader {
  readonly counters: Readonly<LoadCounters>;
  /** Resolves when everything spooled by now is in the tables (or set aside). */
  flush(): Promise<void>;
  /** Stops after the insert under way; what is not loaded stays in the spool. */
  close(): Promise<void>;
}

export interface LoaderOptions {
  readonly spool: Spool;
  readonly writer: ClickHouseClient;
  /** How long spans may gather before they are loaded, in ms: fewer, larger inserts. */
  readonly lingerMs: number;
  /** Where segments go that the engine rejects for good. */
  readonly deadLetterDirectory: string;
  readonly log: (line: string) => void;
}

const consumer = 'load';
const recordSchema = readFileSync(new URL('../spool.proto', import.meta.url), 'utf8');

/** Explicit on every insert, never the server's defaults: they differ by version. */
const insertSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  format_schema_source: 'string',
  format_schema: recordSchema,
  format_schema_message_name: 'FlatSpan',
  input_format_protobuf_oneof_presence: 1,
  // Late spans may touch many days; a segment must not fail for ever because of them.
  throw_on_max_partitions_per_insert_block: 0,
} as const;

/** What ClickHouse says about input that will be refused again: parse, type, unknown column, schema. */
const permanentCodes = new Set([
  '6',
  '16',
  '26',
  '27',
  '33',
  '38',
  '41',
  '43',
  '47',
  '53',
  '62',
  '69',
  '72',
  '117',
  '434',
  '444',
  '636',
]);

export async function startLoader(options: LoaderOptions): Promise<Loader> {
  const { spool, writer, lingerMs, log } = options;
  const counters: LoadCounters = { stored: 0, deadLettered: 0, segments: 0, retries: 0 };
  const structure = await structureOf(writer);
  const stop = new AbortController();
  let wake: (() => void) | undefined;
  let flushed: (() => void)[] = [];

  const running = (async () => {
    while (!stop.signal.aborted) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, lingerMs);
        wake = () => {
          clearTimeout(timer);
          done();
        };
        if (flushed.length > 0) wake();
      });
      const waiting = flushed;
      flushed = [];
      await spool.rotate();
      for (const segment of spool.pending(consumer)) {
        await load(segment);
        if (stop.signal.aborted) break;
      }
      for (const done of waiting) done();
    }
  })();

  async function load(segment: Segment): Promise<void> {
    for (let delayMs = 100; !stop.signal.aborted; delayMs = Math.min(delayMs * 2, 5_000)) {
      try {
        await writer.command({
          query: "INSERT INTO routescope.otlp_in SELECT * FROM file({path:String}, 'Protobuf', {structure:String})",
          query_params: { path: segment.path, structure },
          clickhouse_settings: { ...insertSettings, insert_deduplication_token: `${spool.id}/${segment.number}` },
        });
        // Should this fail, the insert is repeated under the same token, adds nothing, and is counted once.
        await spool.consumed(consumer, segment.number);
        counters.stored += segment.spans;
        counters.segments++;
        return;
      } catch (problem) {
        if (problem instanceof ClickHouseError && permanentCodes.has(problem.code)) {
          await setAside(segment, problem);
          return;
        }
        counters.retries++;
        if (delayMs === 100) log(`segment ${segment.number} is not loaded yet: ${message(problem)}`);
        await sleep(delayMs, undefined, { signal: stop.signal }).catch(() => {});
      }
    }
  }

  async function setAside(segment: Segment, problem: Error): Promise<void> {
    await mkdir(options.deadLetterDirectory, { recursive: true });
    const copy = join(options.deadLetterDirectory, `${segment.number}.seg`);
    await copyFile(segment.path, copy);
    counters.deadLettered += segment.spans;
    await spool.consumed(consumer, segment.number);
    log(
      `segment ${segment.number} (${segment.spans} spans) is refused by the engine and set aside as ${copy}: ${problem.message}`,
    );
  }

  return {
    counters,
    flush: () =>
      new Promise((done) => {
        flushed.push(done);
        wake?.();
      }),
    async close() {
      stop.abort();
      wake?.();
      await running;
    },
  };
}

/** The record's columns as `file()` wants them: those of the table it goes into. */
async function structureOf(writer: ClickHouseClient): Promise<string> {
  const result = await writer.query({
    query:
      "SELECT name, type FROM system.columns WHERE database = 'routescope' AND table = 'otlp_in' ORDER BY position",
    format: 'JSONEachRow',
  });
  return (await result.json<{ name: string; type: string }>()).map(({ name, type }) => `${name} ${type}`).join(', ');
}

const message = (problem: unknown): string => (problem instanceof Error ? problem.message : String(problem));
