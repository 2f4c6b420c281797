/** Holds what the provider counted in the bytes it sent against what the tables say. */
import { createClient } from '@clickhouse/client';
import { type Ask, alerts, readAlert } from '@routescope/panels';
import type { Account } from '../provider/ledger.ts';
import { differencesIn, type Message } from './drift.ts';
import { driftingTag, sessionsForAlert } from './plan.ts';
import type { Simulation } from './simulation.ts';

export interface Checked {
  readonly calls: Readonly<Record<string, number>>;
  readonly tokens: Sides<{
    readonly input: string;
    readonly output: string;
    readonly cacheRead: string;
    readonly cacheWrite: string;
  }>;
  /** USD as decimals, of the models in the provider's list. */
  readonly cost: Sides<string>;
  readonly models: readonly ModelRow[];
  /** Models the provider has no price for: what the tables say of them. */
  readonly not_in_price_list: readonly { readonly model: string; readonly cost_usd: string | null }[];
  /** What each alert fires for. */
  readonly alerts: Readonly<Record<string, readonly string[]>>;
  /** What the webhook was told of drift; null when too few sessions were played for it. */
  readonly drift: readonly Message[] | null;
  readonly skipped_fixtures: readonly string[];
  readonly differences: readonly string[];
}

interface Sides<T> {
  readonly provider: T;
  readonly tables: T;
}

interface ModelRow {
  readonly model: string;
  readonly known: number;
  readonly input: string;
  readonly output: string;
  readonly cacheRead: string;
  readonly cacheWrite: string;
  readonly cost_usd: string | null;
}

export async function check(simulation: Simulation): Promise<Checked> {
  const { sidecar, provider, telemetry, planned, loaded } = simulation;
  const client = createClient({ url: sidecar.url, pathname: '/query' });
  const ask: Ask = async (query, query_params) =>
    (await client.query({ query, query_params, format: 'JSONEachRow' })).json();
  const rowsOf = async <Row>(sql: string): Promise<Row[]> => (await ask(sql, {})) as Row[];
  const differences: string[] = [...simulation.surprises];
  const same = (what: string, left: unknown, right: unknown): void => {
    if (left !== right) differences.push(`${what}: ${String(left)} and ${String(right)}`);
  };
  const count = async (sql: string): Promise<number> => Number((await rowsOf<{ n: string }>(sql))[0]?.n);

  const status = simulation.played;
  const { ended, exported, failed } = telemetry.stats();
  const calls = {
    made: simulation.made,
    requests: provider.ledger.requests,
    spans_ended: ended,
    spans_acknowledged: exported,
    spans_failed: failed,
    spans_received: status['received'] ?? 0,
    spans_stored: status['stored'] ?? 0,
    rows_otel_traces: await count('SELECT toString(count()) AS n FROM routescope.otel_traces'),
    rows_attempts: await count('SELECT toString(count()) AS n FROM routescope.attempts'),
    rows_calls: await count('SELECT toString(count()) AS n FROM routescope.calls'),
    calls_in_rollup: await count('SELECT toString(sum(calls)) AS n FROM routescope.calls_1m'),
    attempts_in_rollup: await count('SELECT toString(sum(attempts)) AS n FROM routescope.attempts_1m'),
    rows_scores: await count('SELECT toString(count()) AS n FROM routescope.scores FINAL'),
  };
  same('spans ended, acknowledged', ended, exported);
  same('spans acknowledged, stored', exported, calls.spans_stored);
  same('spans stored, rows of otel_traces', calls.spans_stored, calls.rows_otel_traces);
  same('calls made, rows of calls', calls.made, calls.rows_calls);
  same('requests the provider got, rows of attempts', calls.requests, calls.rows_attempts);
  same('rows of calls, calls in calls_1m', calls.rows_calls, calls.calls_in_rollup);
  same('rows of attempts, attempts in attempts_1m', calls.rows_attempts, calls.attempts_in_rollup);
  same('scores made, taken', simulation.scoresMade, simulation.scoresTaken);
  same('scores made, rows of scores', simulation.scoresMade, calls.rows_scores);

  const routed = planned.flatMap((session) => session.calls);
  const rows = await rowsOf<{ tag: string; fallbacks: number; failovers: number }>(
    "SELECT tag, toUInt32(sum(fallbacks)) AS fallbacks, toUInt32(sum(failovers)) AS failovers FROM routescope.calls_1m WHERE tag != 'recorded' GROUP BY tag",
  );
  for (const { tag, fallbacks, failovers } of rows) {
    same(
      `fallbacks of ${tag}, planned and in the tables`,
      routed.filter((call) => call.tag === tag && call.fallback).length,
      fallbacks,
    );
    same(
      `failovers of ${tag}, planned and in the tables`,
      routed.filter((call) => call.tag === tag && call.failover).length,
      failovers,
    );
  }

  const [sums] = await rowsOf<{ calls: string; attempts: string }>(
    'SELECT toString((SELECT sum(cost_usd) FROM routescope.calls)) AS calls, toString((SELECT sum(cost_usd) FROM routescope.attempts)) AS attempts',
  );
  same('cost of all calls, of all attempts', sums?.calls, sums?.attempts);

  const models = await perModel(rowsOf);
  const byModel = new Map(models.map((row) => [row.model, row]));
  const notInList: { model: string; cost_usd: string | null }[] = [];
  let compared = 0n;
  for (const [key, account] of provider.ledger.accounts) {
    if (account.known === 0) continue;
    const row = byModel.get(key);
    byModel.delete(key);
    if (!row) {
      differences.push(`${key}: the provider sent ${account.known} answers with usage, the tables have none`);
      continue;
    }
    same(`${key}: answers with usage`, account.known, row.known);
    for (const name of ['input', 'output', 'cacheRead', 'cacheWrite'] as const)
      same(`${key}: ${name} tokens`, String(account[name]), row[name]);
    if (account.unpriced > 0) notInList.push({ model: key, cost_usd: row.cost_usd });
    else {
      compared += account.costPico;
      same(`${key}: cost`, decimal(account.costPico), row.cost_usd);
    }
  }
  for (const row of byModel.values())
    differences.push(`${row.model}: the tables have ${row.known} answers with usage that the provider never sent`);
  const priced = models.filter((row) => !notInList.some((each) => each.model === row.model));
  const zero = await count(
    "SELECT toString(count()) AS n FROM routescope.attempts WHERE cost_status = 'unpriced' AND cost_usd IS NOT NULL",
  );
  same('unpriced attempts with a cost', 0, zero);

  const firing: Record<string, string[]> = {};
  const drifting = planned.length < sessionsForAlert ? [] : [driftingTag];
  for (const alert of alerts) {
    const values = await readAlert(ask, alert, Date.now());
    firing[alert.id] = values
      .filter((row) => Number(row['value']) > alert.above)
      .map((row) => alert.keys.map((key) => row[key]).join(' '));
    if (alert.id === 'fallback_spike' || alert.id === 'fallback_drift')
      same(`tags for which ${alert.id} is to fire, and fires`, String(drifting), String(firing[alert.id]));
  }

  const { watched } = simulation;
  if (watched) differences.push(...(await differencesIn(watched, drifting)));

  await client.close();
  const total = provider.ledger.total();
  const sum = (rowsOf: readonly ModelRow[], name: 'input' | 'output' | 'cacheRead' | 'cacheWrite'): string =>
    String(rowsOf.reduce((all, row) => all + BigInt(row[name]), 0n));
  return {
    calls,
    tokens: {
      provider: tokensOf(total),
      tables: {
        input: sum(models, 'input'),
        output: sum(models, 'output'),
        cacheRead: sum(models, 'cacheRead'),
        cacheWrite: sum(models, 'cacheWrite'),
      },
    },
    cost: { provider: decimal(compared), tables: decimal(priced.reduce((all, row) => all + pico(row.cost_usd), 0n)) },
    models,
    not_in_price_list: notInList,
    alerts: firing,
    drift: watched === undefined ? null : watched.first,
    skipped_fixtures: loaded.skipped.map(({ name, reason }) => `${name}: ${reason}`),
    differences,
  };
}

/** Answers whose bytes said how many tokens, by the model that answered. */
const perModel = (rowsOf: <Row>(sql: string) => Promise<Row[]>): Promise<ModelRow[]> =>
  rowsOf<ModelRow>(`
    SELECT
      concat(provider, '/', if(response_model = '', request_model, response_model)) AS model,
      toUInt32(count()) AS known,
      toString(sum(ifNull(input_tokens, 0))) AS input,
      toString(sum(ifNull(output_tokens, 0))) AS output,
      toString(sum(ifNull(cache_read_tokens, 0))) AS cacheRead,
      toString(sum(ifNull(cache_write_tokens, 0))) AS cacheWrite,
      toString(sum(cost_usd)) AS cost_usd
    FROM routescope.attempts
    WHERE input_tokens IS NOT NULL OR output_tokens IS NOT NULL
    GROUP BY model
    ORDER BY model`);

const tokensOf = ({ input, output, cacheRead, cacheWrite }: Account) => ({
  input: String(input),
  output: String(output),
  cacheRead: String(cacheRead),
  cacheWrite: String(cacheWrite),
});

/** Pico-USD as ClickHouse writes the same Decimal(38, 12): no zeros at the end. */
function decimal(value: bigint): string {
  const digits = value.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
}

function pico(text: string | null): bigint {
  const [whole = '0', fraction = ''] = (text ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}
