/**
 * Writes the ledger into the store while it changes, so that a screen that knows ClickHouse alone can show whether every
 * span is accounted for.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { type Account, accountsOf, unaccounted } from './ledger.ts';
import type { SidecarStatus } from './pipeline.ts';

export interface LedgerRowsOptions {
  readonly writer: ClickHouseClient;
  /** The name of the spool. */
  readonly sidecar: string;
  readonly status: () => SidecarStatus;
  /** From look to look, ms. @default 1,000 */
  readonly everyMs?: number;
  readonly log: (line: string) => void;
}

export interface LedgerRows {
  /** Writes what has changed since the last row, soon or not. */
  write(): Promise<void>;
  /** Writes the last word, if the store takes it. */
  close(): Promise<void>;
}

/** While spans go on arriving, a row of so many looks is enough. */
const looksPerRow = 10;
/** A store that does not take it by then is away; the next look, or the next start, says it again. */
const patienceMs = 5_000;

export function startLedgerRows(options: LedgerRowsOptions): LedgerRows {
  const { writer, sidecar, status, everyMs = 1_000, log } = options;
  const atStart = status();
  const startedAt = new Date().toISOString();
  let written = JSON.stringify(accountsOf(atStart, atStart)); // nothing yet, which needs no row
  let seen = written;
  let looks = looksPerRow; // the first spans are told at once
  let writing: Promise<void> | undefined;
  let isFailing = false;

  async function write(): Promise<void> {
    const accounts = accountsOf(status(), atStart);
    const now = JSON.stringify(accounts);
    if (now === written) return;
    const at = Date.now();
    await writer.insert<object>({
      table: 'routescope.ledger_1m',
      values: accounts.map((account) => ({
        minute: Math.floor(at / 60_000) * 60,
        sidecar,
        started_at: startedAt,
        ...account,
        said_at: new Date(at).toISOString(),
      })),
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
      abort_signal: AbortSignal.timeout(patienceMs),
    });
    written = now;
    looks = 0;
  }

  function look(): void {
    looks++;
    const accounts = accountsOf(status(), atStart);
    const before = seen;
    seen = JSON.stringify(accounts);
    // Counts are read one after the other while spans arrive: a sum that is off is looked at again before it is told.
    const isDue = looks >= looksPerRow && (accounts.every(isWhole) || looks >= 2 * looksPerRow);
    if (writing || (seen !== before && !isDue)) return;
    writing = write()
      .then(() => {
        isFailing = false;
      }, failed)
      .finally(() => {
        writing = undefined;
      });
  }
  const failed = (problem: unknown): void => {
    if (!isFailing) log(`the ledger could not be written into the store: ${(problem as Error).message.slice(0, 200)}`);
    isFailing = true;
  };
  const isWhole = (account: Account): boolean => unaccounted(account) === 0;

  const timer = setInterval(look, everyMs);
  timer.unref();

  return {
    write,
    async close() {
      clearInterval(timer);
      await writing;
      await write().catch(failed);
    },
  };
}
