/**
 * Keeps the embedded tables below a number of bytes, by dropping their oldest days and months, raw spans first; and
 * says what went, also what the tables' TTL took away, which the engine does without a word.
 */
import type { ClickHouseClient } from '@clickhouse/client';

type Because = 'cap' | 'ttl';

export interface Dropped {
  readonly table: string;
  readonly because: Because;
  readonly rows: number;
}

export interface Cap {
  /** What went since this process started, by table and reason. */
  readonly dropped: readonly Dropped[];
  /** Bytes of all tables at the last look. */
  readonly bytes: number;
  /** Looks now. */
  check(): Promise<void>;
  close(): void;
}

export interface CapOptions {
  readonly writer: ClickHouseClient;
  readonly maxBytes: number;
  readonly log: (line: string) => void;
  /** @default 60,000 */
  readonly everyMs?: number;
}

interface Partition {
  readonly table: string;
  readonly id: string;
  readonly rows: number;
  readonly bytes: number;
}

/** In this order; rollups, scores and events are small and stay. */
const droppable = ['otel_traces', 'attempts', 'calls'];

export function startCap({ writer, maxBytes, log, everyMs = 60_000 }: CapOptions): Cap {
  const dropped = new Map<string, Dropped>();
  let before = new Map<string, Partition>();
  let bytes = 0;

  const count = ({ table, id, rows }: Partition, because: Because): void => {
    const key = `${table} ${because}`;
    dropped.set(key, { table, because, rows: (dropped.get(key)?.rows ?? 0) + rows });
    const why = because === 'cap' ? `the tables are larger than ${maxBytes} bytes` : 'it is older than is kept';
    log(`dropped ${rows} rows, partition ${id} of ${table}: ${why}`);
  };

  let turn: Promise<unknown> = Promise.resolve();
  const check = (): Promise<void> => {
    const looked = turn.then(lookOnce);
    turn = looked.catch(() => {});
    return looked;
  };

  async function lookOnce(): Promise<void> {
    const partitions = await partitionsOf(writer);
    const now = new Map(partitions.map((each) => [`${each.table} ${each.id}`, each]));
    for (const [key, gone] of before) if (!now.has(key)) count(gone, 'ttl');
    bytes = partitions.reduce((sum, each) => sum + each.bytes, 0);
    for (const victim of victims(partitions, bytes - maxBytes)) {
      await writer.command({
        query: `ALTER TABLE routescope.${victim.table} DROP PARTITION ID {id:String}`,
        query_params: { id: victim.id },
      });
      count(victim, 'cap');
      now.delete(`${victim.table} ${victim.id}`);
      bytes -= victim.bytes;
    }
    before = now;
  }

  const look = (): void => void check().catch(() => {}); // the engine is away; the next look will do
  const timer = setInterval(look, everyMs);
  timer.unref();
  look();

  return {
    get dropped() {
      return [...dropped.values()];
    },
    get bytes() {
      return bytes;
    },
    check,
    close: () => clearInterval(timer),
  };
}

/** The oldest partitions that together hold `excess` bytes. The newest of a table is written to, and stays. */
export function victims(partitions: readonly Partition[], excess: number): Partition[] {
  const found: Partition[] = [];
  let left = excess;
  for (const table of droppable) {
    const own = partitions.filter((each) => each.table === table).sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const partition of own.slice(0, -1)) {
      if (left <= 0) return found;
      found.push(partition);
      left -= partition.bytes;
    }
  }
  return found;
}

async function partitionsOf(writer: ClickHouseClient): Promise<Partition[]> {
  const result = await writer.query({
    query: `SELECT table, partition_id AS id, toFloat64(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes
      FROM system.parts WHERE active AND database = 'routescope' GROUP BY table, id`,
    format: 'JSONEachRow',
  });
  return result.json<Partition>();
}
