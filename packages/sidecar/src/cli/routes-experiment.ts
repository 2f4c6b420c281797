/** `routescope routes experiment`: the arms of an A/B test, with intervals, and what forbids a conclusion. */
import { type Ask, statement } from '@routescope/panels';
import { UsageError } from './command.ts';
import { type Delta, deltaOf, type Mean, ratioOf, type Sums, sampleRatioP } from './interval.ts';
import { alignedTable } from './table.ts';

interface ExperimentOptions {
  readonly name: string;
  /** `control=50,treatment=50` */
  readonly shares: string | undefined;
  readonly control: string;
  readonly from: number;
  readonly to: number;
}

const leastCalls = 1_000;
const leastDays = 7;
/** An uneven split is called one from here: rarer by chance than once in a thousand experiments. */
const alarmP = 0.001;
const metrics = ['cost', 'duration', 'score', 'fallback'] as const;
type Metric = (typeof metrics)[number];

type Row = Readonly<Record<string, unknown>>;

export async function reportExperiment(ask: Ask, options: ExperimentOptions) {
  const { name, from, to } = options;
  const rows = (await ask(statement('experiment_arms'), { from, to, experiment: name })) as Row[];
  if (rows.length === 0) throw new Error(`there are no calls of an experiment ${JSON.stringify(name)} in this time`);
  const shares = sharesOf(
    options.shares,
    rows.map((row) => String(row['arm'])),
  );
  const arms = [...new Set([...rows.map((row) => String(row['arm'])), ...shares.keys()])].sort().map((arm) => {
    const row = rows.find((each) => each['arm'] === arm);
    const units = Number(row?.['units'] ?? 0);
    const means = Object.fromEntries(
      metrics.map((metric) => [
        metric,
        row ? ratioOf(numbers(row[`${metric}_sums`]), units) : { mean: null, variance: null },
      ]),
    ) as Record<Metric, Mean>;
    return {
      arm,
      share: shares.get(arm) ?? 0,
      units,
      calls: Number(row?.['calls'] ?? 0),
      days: Number(row?.['days'] ?? 0),
      means,
    };
  });
  const control = arms.find(({ arm }) => arm === options.control) ?? (arms[0] as (typeof arms)[number]);
  const p = sampleRatioP(
    arms.map(({ units }) => units),
    arms.map(({ share }) => share),
  );
  const days = Math.max(...arms.map((arm) => arm.days));
  const problems = [
    ...arms
      .filter(({ calls }) => calls < leastCalls)
      .map(({ arm, calls }) => `not enough data: ${arm} has ${calls} of ${leastCalls} calls`),
    ...(days < leastDays ? [`not enough data: ${days.toFixed(1)} of ${leastDays} days`] : []),
    ...(p < alarmP
      ? [
          `sample ratio mismatch: the arms should have ${arms.map(({ arm, share }) => `${arm} ${share}`).join(' : ')}, and have ${arms.map(({ units }) => units).join(' : ')} (p = ${p.toExponential(1)}); find out why before reading on`,
        ]
      : []),
  ];
  const deltas = arms
    .filter((arm) => arm !== control)
    .map((arm) => ({
      arm: arm.arm,
      against: control.arm,
      ...(Object.fromEntries(
        metrics.map((metric) => [metric, deltaOf(control.means[metric], arm.means[metric])]),
      ) as Record<Metric, Delta>),
    }));
  const data = {
    experiment: name,
    conclusive: problems.length === 0,
    problems,
    sample_ratio: { p, mismatch: p < alarmP },
    arms: arms.map(({ means, ...arm }) => ({
      ...arm,
      cost_per_call_usd: means.cost.mean,
      duration_s: means.duration.mean,
      score: means.score.mean,
      fallback_rate: means.fallback.mean,
    })),
    deltas,
  };
  return data;
}

const numbers = (value: unknown): Sums => (value as readonly unknown[]).map(Number) as unknown as Sums;

function sharesOf(text: string | undefined, arms: readonly string[]): Map<string, number> {
  if (text === undefined) return new Map(arms.map((arm) => [arm, 1]));
  const shares = new Map<string, number>();
  for (const part of text.split(',')) {
    const [name, share] = part.split('=');
    const value = Number(share ?? Number.NaN);
    if (!name || !(value >= 0)) throw new UsageError(`--shares ${text}: expected NAME=NUMBER,NAME=NUMBER`);
    shares.set(name.trim(), value);
  }
  return shares;
}

export function experimentText({
  experiment,
  problems,
  arms,
  deltas,
}: Awaited<ReturnType<typeof reportExperiment>>): string {
  const say = (value: number | null): string => (value === null ? '-' : String(Number(value.toPrecision(4))));
  const head = ['arm', 'units', 'calls', 'days', 'cost/call $', 'seconds', 'score', 'fallback rate'];
  const body = arms.map((arm) => [
    arm.arm,
    String(arm.units),
    String(arm.calls),
    arm.days.toFixed(1),
    ...[arm.cost_per_call_usd, arm.duration_s, arm.score, arm.fallback_rate].map(say),
  ]);
  const between = ({ delta, low, high }: Delta): string =>
    delta === null ? '-' : `${delta > 0 ? '+' : ''}${say(delta)} (${say(low)} to ${say(high)})`;
  return [
    `experiment ${experiment}`,
    alignedTable([head, ...body].map((row) => row.map((text, column) => ({ text, left: column === 0 })))),
    ...deltas.flatMap(({ arm, against, ...of }) => [
      '',
      `  ${arm} against ${against}, 95 % intervals`,
      ...metrics.map((metric) => `    ${metric.padEnd(9)} ${between(of[metric])}`),
    ]),
    '',
    ...(problems.length === 0
      ? ['  enough data, and the split is as planned']
      : problems.map((problem) => `  ${problem}`)),
  ].join('\n');
}
