/** What `routescope doctor` looks at. Each check says what it found and, when it is not well, what to do. */
import { type Ask, panels, readPanel } from '@routescope/panels';
import { migrations } from '../engine/migrate.ts';
import { storeAccount, unaccounted } from '../ledger.ts';
import type { SidecarStatus } from '../pipeline.ts';

/** `skipped`: could not be looked at, because of a check that failed before. */
export type Health = 'ok' | 'warn' | 'fail' | 'skipped';

export interface Check {
  readonly name: string;
  readonly health: Health;
  readonly says: string;
}

const check = (name: string, health: Health, says: string): Check => ({ name, health, says });
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export function clock(sidecarAhead: number | undefined): Check {
  if (sidecarAhead === undefined) return check('clock', 'skipped', 'the sidecar did not say what time it is');
  const isOff = Math.abs(sidecarAhead) > 5;
  return check(
    'clock',
    isOff ? 'warn' : 'ok',
    isOff
      ? `the sidecar's clock and this one are ${Math.round(sidecarAhead)} s apart: set both by NTP`
      : 'agrees with this machine',
  );
}

/** @param free bytes a user may take; @param total bytes of the file system. */
export function disk(directory: string, free: number, total: number): Check {
  const says = `${Math.floor(free / 1024 ** 2)} MiB of ${Math.floor(total / 1024 ** 2)} are free below ${directory}`;
  if (free < 256 * 1024 ** 2) return check('disk', 'fail', `${says}: make room, or spans will be refused`);
  return check('disk', free < 2 * 1024 ** 3 || free / total < 0.05 ? 'warn' : 'ok', says);
}

export function engine(isReady: boolean, says: string, { engineRestarts, retries }: SidecarStatus): Check {
  if (!isReady) return check('engine', 'fail', `${says}; spans are kept in the spool meanwhile`);
  const isTroubled = engineRestarts > 0;
  return check(
    'engine',
    isTroubled ? 'warn' : 'ok',
    `answers; ${engineRestarts} restarts, ${retries} inserts tried again`,
  );
}

/** Is every span accounted for, and is anything waiting, refused or set aside? */
export function ledger(status: SidecarStatus): Check[] {
  const { received, duplicate, rejected, recovered, stored, queued, deadLettered, diverted, expired, refused } = status;
  const sum = `${received} received + ${recovered} found at start = ${stored} stored + ${duplicate} duplicate + ${rejected} rejected + ${queued} queued + ${deadLettered} refused by the engine + ${diverted} of far-off time + ${expired} given up`;
  const missing = unaccounted(storeAccount(status));
  const checks = [
    check(
      'ledger',
      missing === 0 ? 'ok' : 'fail',
      missing === 0 ? sum : `${sum}: ${missing} spans are not accounted for`,
    ),
  ];
  if (refused > 0)
    checks.push(
      check(
        'refused',
        'warn',
        `${refused} spans were not taken (full spool or failing disk); their senders were told to send again`,
      ),
    );
  if (expired > 0)
    checks.push(
      check('expired', 'warn', `${expired} spans were given up: ClickHouse had not taken them within --max-spool-days`),
    );
  if (deadLettered + diverted > 0)
    checks.push(
      check(
        'set aside',
        'warn',
        `${deadLettered + diverted} spans are in dead-letter/: see why there, then 'routescope replay'`,
      ),
    );
  for (const { table, because, rows } of status.dropped)
    checks.push(
      check(
        'dropped',
        'warn',
        `${rows} rows of ${table} went: ${because === 'cap' ? 'the store reached its cap (--max-store-mib)' : 'older than is kept'}`,
      ),
    );
  for (const { name, stored: sent, queued: waiting, skipped, expired: old, rejected: never, problem } of status.forward)
    checks.push(
      check(
        `forward ${name}`,
        problem !== undefined || skipped + old + never > 0 ? 'warn' : 'ok',
        `${sent} sent, ${waiting} queued, ${never} refused by it, ${skipped + old} missed${problem === undefined ? '' : `: ${problem}`}`,
      ),
    );
  return checks;
}

/** Questions to the tables over the last day before `now` (epoch milliseconds). */
export async function tables(ask: Ask, now: number): Promise<Check[]> {
  const from = Math.floor(now / 1_000) - 86_400;
  const to = Math.floor(now / 1_000);
  const one = async (sql: string): Promise<Record<string, number | null>> =>
    ((await ask(sql, { from, to })) as Record<string, number | null>[])[0] ?? {};
  return [await schema(ask), ...(await arrivals(one, now)), await orphans(one), ...(await coverage(ask, now))];
}

async function schema(ask: Ask): Promise<Check> {
  const rows = (await ask('SELECT id FROM routescope.schema_migrations', {})) as { id: string }[];
  const ran = new Set(rows.map(({ id }) => id));
  const missing = migrations().filter(({ id }) => !ran.has(id));
  if (missing.length === 0) return check('schema', 'ok', `${ran.size} migrations ran`);
  return check(
    'schema',
    'fail',
    `${missing.map(({ id }) => id).join(', ')} did not run: start this version of the sidecar, or 'routescope migrate'`,
  );
}

type One = (sql: string) => Promise<Record<string, number | null>>;

async function arrivals(one: One, now: number): Promise<Check[]> {
  const { calls, newest, sampled } = await one(`
    SELECT toUInt32(count()) AS calls, toUnixTimestamp(toDateTime(max(c.started_at))) AS newest, toUInt32(countIf(c.weight > 1)) AS sampled
    FROM routescope.calls AS c WHERE c.started_at >= {from:DateTime}`);
  if (!calls) return [check('last span', 'warn', 'no call in the last 24 hours: point an app at the sidecar')];
  const age = now / 1_000 - (newest ?? 0);
  return [
    check(
      'last span',
      age < -60 || age > 3_600 ? 'warn' : 'ok',
      age < -60
        ? `the newest call began ${Math.round(-age)} s from now: look at the clock of its sender`
        : `the newest call is ${Math.max(0, Math.round(age))} s old`,
    ),
    check(
      'sampling',
      'ok',
      sampled
        ? `${percent(sampled / calls)} of the calls stand for more than themselves; counts are weighted`
        : 'every call is kept',
    ),
  ];
}

async function orphans(one: One): Promise<Check> {
  const { attempts, without } = await one(`
    SELECT toUInt32(count()) AS attempts, toUInt32(countIf(c.call_id = '')) AS without
    FROM routescope.attempts AS a
    LEFT JOIN (SELECT DISTINCT k.call_id AS call_id FROM routescope.calls AS k WHERE k.started_at >= {from:DateTime} - toIntervalHour(1)) AS c ON c.call_id = a.call_id
    WHERE a.started_at >= {from:DateTime} AND a.started_at < {to:DateTime} - toIntervalMinute(5)`);
  if (!without) return check('attempts without a call', 'ok', `none of ${attempts ?? 0}`);
  return check(
    'attempts without a call',
    'warn',
    `${without} of ${attempts}: their process ended before it sent the call, or the call span is sampled away`,
  );
}

/** Shares of calls tagged, checked and priced, and spans lost on the way: the panel's own statement. */
async function coverage(ask: Ask, now: number): Promise<Check[]> {
  const panel = panels.find(({ id }) => id === 'setup_health');
  if (!panel) throw new Error('the panel setup_health is gone');
  const [row] = await readPanel(ask, { ...panel, stepSeconds: 86_400 * 2 }, { from: now - 86_400_000, to: now });
  if (!row) return [];
  const share = (name: string, column: string, least: number, otherwise: string): Check => {
    const value = Number(row[column] ?? 0);
    return check(
      name,
      value < least ? 'warn' : 'ok',
      `${percent(value)} of calls${value < least ? `: ${otherwise}` : ''}`,
    );
  };
  const missing = row['missing_spans'];
  return [
    share('tagged', 'tagged_share', 0.9, "give the others one: route(tag, …) or withTag('x', …)"),
    share('checked', 'checked_share', 0.5, 'give their routes a validator, or their fallbacks are not seen'),
    share('priced', 'priced_share', 0.95, 'add the missing prices to your own price file'),
    missing === null || missing === undefined
      ? check('gaps', 'skipped', 'no span carries a number of its sender')
      : check(
          'gaps',
          Number(missing) > 0 ? 'warn' : 'ok',
          Number(missing) > 0
            ? `${missing} spans were lost before they arrived: look at the export errors and the queue of the app`
            : 'no numbered span is missing',
        ),
  ];
}
