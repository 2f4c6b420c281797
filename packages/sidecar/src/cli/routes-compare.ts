/** `routescope routes compare V1 V2`: cost, latency and quality before and after, per tag and per session. */
import { type Ask, statement } from '@routescope/panels';
import { alignedTable } from './table.ts';

type Row = Readonly<Record<string, number | string | null>>;

const number = (row: Row | undefined, name: string): number | null => {
  const value = row?.[name];
  return value === null || value === undefined || Number.isNaN(Number(value)) ? null : Number(value);
};
const change = (before: number | null, after: number | null): number | null =>
  before === null || after === null || before === 0 ? null : after / before - 1;

/** @throws Error when neither version has calls in the range. */
export async function compareRoutes(ask: Ask, before: string, after: string, range: { from: number; to: number }) {
  const parameters = { ...range, before, after };
  const rows = (await ask(statement('route_compare'), parameters)) as Row[];
  const sessions = (await ask(statement('route_compare_sessions'), parameters)) as Row[];
  for (const version of [before, after])
    if (!rows.some((row) => row['version'] === version))
      throw new Error(
        `there are no calls of route table version ${JSON.stringify(version)} in this time; widen --from and --to`,
      );
  const of = (version: string, tag: string): Row | undefined =>
    rows.find((row) => row['version'] === version && row['tag'] === tag);
  const tags = [...new Set(rows.map((row) => String(row['tag'])))].map((tag) => {
    const [a, b] = [of(before, tag), of(after, tag)];
    const side = (row: Row | undefined) => ({
      calls: number(row, 'calls') ?? 0,
      cost_per_call_usd: number(row, 'cost_per_call_usd'),
      cost_share: number(row, 'cost_share'),
      p50_s: number(row, 'p50_s'),
      p95_s: number(row, 'p95_s'),
      fallback_rate: number(row, 'checked_calls')
        ? (number(row, 'fallbacks') as number) / (number(row, 'checked_calls') as number)
        : null,
      checked_calls: number(row, 'checked_calls') ?? 0,
      mean_score: number(row, 'mean_score'),
      scores: number(row, 'scores') ?? 0,
    });
    const [x, y] = [side(a), side(b)];
    return {
      tag,
      before: x,
      after: y,
      cost_change: change(x.cost_per_call_usd, y.cost_per_call_usd),
      p95_change: change(x.p95_s, y.p95_s),
      score_change: x.mean_score === null || y.mean_score === null ? null : y.mean_score - x.mean_score,
    };
  });
  const session = (version: string) => {
    const row = sessions.find((each) => each['version'] === version);
    return {
      sessions: number(row, 'sessions') ?? 0,
      cost_per_session_usd: number(row, 'cost_per_session_usd'),
      p95_session_s: number(row, 'p95_session_s'),
    };
  };
  const [x, y] = [session(before), session(after)];
  const data = {
    before,
    after,
    tags,
    sessions: {
      before: x,
      after: y,
      cost_change: change(x.cost_per_session_usd, y.cost_per_session_usd),
      p95_change: change(x.p95_session_s, y.p95_session_s),
    },
  };
  return data;
}

const percent = (value: number | null, isChange = false): string =>
  value === null ? 'unknown' : `${isChange && value > 0 ? '+' : ''}${(value * 100).toFixed(1)} %`;
const dollars = (value: number | null): string => (value === null ? 'unknown' : `$${value.toPrecision(3)}`);
const seconds = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(2)} s`);
const score = (value: number | null): string => (value === null ? '-' : value.toFixed(3));

export function compareText({ before, after, tags, sessions }: Awaited<ReturnType<typeof compareRoutes>>): string {
  const head = ['tag', 'calls', 'cost/call', 'change', 'share of cost', 'p95', 'change', 'fallback rate', 'score'];
  const body = tags.map(({ tag, before: a, after: b, cost_change, p95_change }) => [
    tag,
    `${a.calls} → ${b.calls}`,
    `${dollars(a.cost_per_call_usd)} → ${dollars(b.cost_per_call_usd)}`,
    percent(cost_change, true),
    `${percent(a.cost_share)} → ${percent(b.cost_share)}`,
    `${seconds(a.p95_s)} → ${seconds(b.p95_s)}`,
    percent(p95_change, true),
    `${percent(a.fallback_rate)} → ${percent(b.fallback_rate)}`,
    `${score(a.mean_score)} → ${score(b.mean_score)}`,
  ]);
  const { before: x, after: y } = sessions;
  return [
    `${before} → ${after}`,
    alignedTable([head, ...body].map((row) => row.map((text, column) => ({ text, left: column === 0 })))),
    '',
    x.sessions > 0 && y.sessions > 0
      ? `  a session (${x.sessions} → ${y.sessions}): cost ${dollars(x.cost_per_session_usd)} → ${dollars(y.cost_per_session_usd)} (${percent(sessions.cost_change, true)}), p95 of its calls together ${seconds(x.p95_session_s)} → ${seconds(y.p95_session_s)} (${percent(sessions.p95_change, true)})`
      : '  not enough data for sessions: run the work of one session inside withSession(id, fn)',
  ].join('\n');
}
