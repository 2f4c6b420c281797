/** `routescope routes report`: what routing did, net of everything it took, by whatever is asked for. */
import { type Ask, statement } from '@routescope/panels';
import { UsageError } from './command.ts';
import { shareOf } from './interval.ts';
import { alignedTable } from './table.ts';

const dimensions = ['tag', 'tier', 'feature', 'user_segment', 'version', 'arm', 'policy', 'reason'] as const;

/** The share of calls at tier 0 that mixed work allows. */
const band = { low: 0.5, high: 0.7 } as const;

type Row = Readonly<Record<string, unknown>>;

export async function reportRoutes(ask: Ask, by: readonly string[], range: { from: number; to: number }) {
  for (const name of by)
    if (!(dimensions as readonly string[]).includes(name))
      throw new UsageError(`--by ${name}: expected some of ${dimensions.join(', ')}`);
  const rows = (await ask(statement('route_report'), { ...range, by })) as Row[];
  const of = (row: Row, name: string): number => Number(row[name] ?? 0);
  const groups = rows.map((row) => {
    const key = row['key'] as readonly string[];
    const compared = of(row, 'compared_calls');
    const baseline = of(row, 'baseline_cost_usd');
    const spent = of(row, 'cost_usd') + of(row, 'routing_cost_usd');
    const tier0 = shareOf(of(row, 'tier0_calls'), of(row, 'routed_calls'));
    const known = (name: string): number | null => {
      const value = Number(row[name] ?? Number.NaN);
      return Number.isFinite(value) ? value : null;
    };
    return {
      ...Object.fromEntries(by.map((name, index) => [name, key[index] ?? ''])),
      calls: of(row, 'calls'),
      compared_calls: compared,
      cost_usd: compared > 0 ? of(row, 'cost_usd') : null,
      routing_cost_usd: compared > 0 ? of(row, 'routing_cost_usd') : null,
      baseline_cost_usd: compared > 0 ? baseline : null,
      saved_usd: compared > 0 ? baseline - spent : null,
      saved_share: compared > 0 && baseline > 0 ? 1 - spent / baseline : null,
      tier0,
      tier0_band:
        tier0.share === null
          ? 'unknown'
          : tier0.share < band.low
            ? 'below'
            : tier0.share > band.high
              ? 'above'
              : 'within',
      misclassified: shareOf(of(row, 'misclassified_calls'), of(row, 'judged_calls')),
      p50_decision_s: known('p50_decision_s'),
      p95_decision_s: known('p95_decision_s'),
      diverted_calls: of(row, 'diverted_calls'),
    };
  });
  const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);
  const head = [
    ...by,
    'calls',
    'saved net',
    'share',
    'tier 0',
    '50–70 %',
    'misclassified',
    '95 %',
    'of judged',
    'deciding p95',
    'diverted',
  ];
  const body = groups.map((group) => {
    const { misclassified: wrong } = group;
    return [
      ...by.map((name) => String((group as Record<string, unknown>)[name] || `(no ${name})`)),
      String(group.calls),
      group.saved_usd === null ? 'unknown' : `$${group.saved_usd.toPrecision(3)}`,
      percent(group.saved_share),
      percent(group.tier0.share),
      group.tier0_band,
      percent(wrong.share),
      wrong.share === null ? '-' : `${percent(wrong.low)} to ${percent(wrong.high)}`,
      String(wrong.of),
      group.p95_decision_s === null ? '-' : `${(group.p95_decision_s * 1000).toFixed(1)} ms`,
      String(group.diverted_calls),
    ];
  });
  const text =
    groups.length === 0
      ? 'not enough data: there are no calls in this time; widen --from and --to'
      : `${alignedTable([head, ...body].map((row) => row.map((cell, column) => ({ text: cell, left: column < by.length }))))}\n\n  saved net: the baseline’s price for the same tokens, less all attempts, classifiers and judges\n  misclassified: a cheap first answer was rejected, overridden, or scored below its quality bar`;
  return { text, data: { by, groups } };
}
