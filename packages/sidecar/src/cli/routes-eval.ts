/** `routescope routes eval`: a golden set through a policy: who goes where, and how often that is wrong. */
import {
  type ChatInput,
  choose,
  classifierInput,
  complexities,
  complexityOf,
  complexityRules,
  createRouter,
  deadRules,
  defaultConfidence,
  type Route,
  RouteError,
  type RoutePolicy,
  type RouteTable,
  type Rule,
  Signals,
  tierOf,
} from '@routescope/sdk/router';
import { type GoldenRow, readDataset } from './dataset.ts';
import { type Share, shareOf } from './interval.ts';
import { readRoutes } from './routes-file.ts';
import { alignedTable } from './table.ts';

export interface EvalOptions {
  readonly dataset: string;
  readonly table: string | undefined;
  readonly tag: string | undefined;
  /** Share of the complex that may go to tier 0. */
  readonly most: number;
}

interface Judged {
  readonly expected: number;
  readonly routed: number;
  readonly reason: string;
}

const builtIn: { tiers: readonly { name: string }[]; policy: RoutePolicy } = {
  tiers: [{ name: 'simple' }, { name: 'moderate' }, { name: 'complex' }],
  policy: { kind: 'rules', rules: complexityRules({ SIMPLE: 'simple', MODERATE: 'moderate', COMPLEX: 'complex' }) },
};

/** @throws Error that says which row or file is wrong, or which answer is missing. */
export async function evalRoutes(options: EvalOptions, env: NodeJS.ProcessEnv) {
  const rows = await readDataset(options.dataset);
  const table = options.table === undefined ? undefined : await readRoutes(options.table, env);
  const judged: Judged[] = [];
  for (const row of rows) {
    const tag = options.tag ?? row.tag ?? (table && onlyTag(table));
    const route = table === undefined ? builtIn : (table.routes[tag ?? ''] as Route | undefined);
    if (route === undefined)
      throw new Error(
        `${row.where}: ${JSON.stringify(tag)} is no tag of the table: ${Object.keys(table?.routes ?? {}).join(', ')}; name one with --tag`,
      );
    const { rank, reason } = await routed(row, route, table, tag ?? '');
    judged.push({ expected: expectedRank(row, route), routed: rank, reason });
  }
  const example = table === undefined ? builtIn : table.routes[options.tag ?? rows[0]?.tag ?? onlyTag(table) ?? ''];
  const data = resultOf(judged, example ?? builtIn, options.most);
  return { text: textOf(data, example ?? builtIn), data };
}

function onlyTag(table: RouteTable): string | undefined {
  const routed = Object.entries(table.routes).filter(
    ([, { policy }]) => policy !== undefined && policy.kind !== 'static',
  );
  const all = Object.keys(table.routes);
  return routed.length === 1 ? routed[0]?.[0] : all.length === 1 ? all[0] : undefined;
}

type Routable = { readonly tiers: readonly { readonly name: string }[]; readonly policy?: RoutePolicy };

/** Complexities stand for the cheapest, middle and top tier, wherever a policy sends them; tiers may be named too. */
function expectedRank(row: GoldenRow, route: Routable): number {
  const said = row.expected.trim();
  const complexity = complexities.find((each) => each === said.toUpperCase());
  const named = route.tiers.findIndex(({ name }) => name === said);
  if (named >= 0) return named;
  if (complexity) {
    const policy = route.policy?.kind === 'hybrid' ? route.policy.otherwise : route.policy;
    return tierOf(complexity, policy?.kind === 'classifier' ? policy : { kind: 'classifier', tag: '' }, route.tiers);
  }
  const rank = Number(said);
  if (said !== '' && Number.isInteger(rank) && rank >= 0 && rank < route.tiers.length) return rank;
  throw new Error(
    `${row.where}: expected ${JSON.stringify(said)} is none of ${complexities.join(', ')}, ${route.tiers.map(({ name }) => name).join(', ')}`,
  );
}

async function routed(
  row: GoldenRow,
  route: Routable,
  table: RouteTable | undefined,
  tag: string,
): Promise<{ rank: number; reason: string }> {
  const policy =
    route.policy?.kind === 'hybrid' && !isDeclared(row, route.policy.features) ? route.policy.otherwise : route.policy;
  if (policy?.kind === 'cascade') return cascaded(row, policy, route, table, tag);
  const choice = choose(route.policy, route.tiers, new Signals(tag, row.input, row.signals));
  if (!('ask' in choice)) return choice;
  const said =
    row.classifierAnswer ?? (await asked(table, choice.ask.tag, classifierInput(row.signals.text ?? ''), row));
  const { complexity, isUnderstood } = complexityOf(said);
  return {
    rank: tierOf(complexity, choice.ask, route.tiers),
    reason: isUnderstood ? complexity.toLowerCase() : 'not understood',
  };
}

const isDeclared = ({ signals }: GoldenRow, features: Readonly<Record<string, string>>): boolean =>
  signals.feature !== undefined && Object.hasOwn(features, signals.feature);

async function asked(table: RouteTable | undefined, tag: string, input: ChatInput, row: GoldenRow): Promise<string> {
  try {
    const { answer } = await createRouter(table as RouteTable).route(tag, input);
    return typeof answer === 'string' ? answer : JSON.stringify(answer);
  } catch (problem) {
    if (problem instanceof RouteError && problem.attempts.some(({ verdict }) => verdict)) return '';
    throw new Error(
      `${row.where}: the classifier did not answer: ${problem instanceof Error ? problem.message : problem}. Recorded answers can stand in the dataset as "classifier_answer"`,
    );
  }
}

/** With recorded answers per tier, by their confidence; else by asking. */
async function cascaded(
  row: GoldenRow,
  policy: Extract<RoutePolicy, { kind: 'cascade' }>,
  route: Routable,
  table: RouteTable | undefined,
  tag: string,
): Promise<{ rank: number; reason: string }> {
  const top = route.tiers.length - 1;
  for (let rank = 0; row.answers !== undefined && rank <= top; rank++) {
    const answer = row.answers[route.tiers[rank]?.name ?? ''] ?? row.answers[String(rank)];
    if (answer === undefined) throw new Error(`${row.where}: there is no answer of tier ${route.tiers[rank]?.name}`);
    const confidence = await (policy.confidence ?? defaultConfidence)(answer, undefined);
    if (rank === top || confidence >= (policy.threshold ?? 0.7))
      return { rank, reason: `confidence ${confidence.toFixed(2)}` };
  }
  try {
    const { call } = await createRouter(table as RouteTable).route(tag, row.input, row.signals);
    return { rank: route.tiers.findIndex(({ name }) => name === call.tier), reason: 'asked' };
  } catch (problem) {
    throw new Error(
      `${row.where}: nobody answered: ${problem instanceof Error ? problem.message : problem}. Recorded answers can stand in the dataset as "answers": {"${route.tiers[0]?.name}": "…"}`,
    );
  }
}

function resultOf(judged: readonly Judged[], route: Routable, most: number) {
  const top = Math.max(
    ...judged.map(({ expected }) => expected),
    tierOf('COMPLEX', { kind: 'classifier', tag: '' }, route.tiers),
  );
  const share = (is: (each: Judged) => boolean, of: (each: Judged) => boolean = () => true): Share =>
    shareOf(judged.filter((each) => of(each) && is(each)).length, judged.filter(of).length);
  const isComplex = ({ expected }: Judged): boolean => expected === top && top > 0;
  const complexToTier0 = share(({ routed }) => routed === 0, isComplex);
  const reasons: Record<string, number> = {};
  for (const { reason } of judged) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const rules = rulesOf(route.policy);
  const data = {
    rows: judged.length,
    misclassification: share(({ expected, routed }) => expected !== routed),
    under_routed: share(({ expected, routed }) => routed < expected),
    over_routed: share(({ expected, routed }) => routed > expected),
    complex_to_tier0: complexToTier0,
    tier0: share(({ routed }) => routed === 0),
    confusion: route.tiers.map(({ name }, expected) => ({
      expected: name,
      ...Object.fromEntries(
        route.tiers.map((tier, rank) => [
          tier.name,
          judged.filter((each) => each.expected === expected && each.routed === rank).length,
        ]),
      ),
    })),
    reasons,
    dead_rules: deadRules(rules),
    unused_rules: rules.map(({ name }) => name).filter((name) => !reasons[name]),
    max_complex_to_tier0: most,
    passed: (complexToTier0.share ?? 0) <= most,
  };
  return data;
}

function rulesOf(policy: RoutePolicy | undefined): readonly Rule[] {
  const inner = policy?.kind === 'hybrid' ? policy.otherwise : policy;
  return inner?.kind === 'rules' ? inner.rules : [];
}

function textOf(data: ReturnType<typeof resultOf>, route: Routable): string {
  const said = ({ share, low, high, count, of }: Share): string =>
    share === null
      ? 'unknown: there are none'
      : `${(share * 100).toFixed(1)} % (95 %: ${((low ?? 0) * 100).toFixed(1)} to ${((high ?? 0) * 100).toFixed(1)}; ${count} of ${of})`;
  const head = ['expected \\ routed', ...route.tiers.map(({ name }) => name)];
  const body = data.confusion.map((row) => [
    row.expected,
    ...route.tiers.map(({ name }) => String((row as Record<string, unknown>)[name])),
  ]);
  return [
    `${data.rows} rows`,
    `  misclassified      ${said(data.misclassification)}`,
    `  too low            ${said(data.under_routed)}`,
    `  too high           ${said(data.over_routed)}`,
    `  complex to tier 0  ${said(data.complex_to_tier0)}`,
    `  at tier 0          ${said(data.tier0)}`,
    '',
    alignedTable([head, ...body].map((row) => row.map((text, column) => ({ text, left: column === 0 })))),
    '',
    ...Object.entries(data.reasons).map(([reason, count]) => `  ${String(count).padStart(6)}  ${reason}`),
    ...data.dead_rules.map(({ rule, why }) => `  rule ${rule} can never match: ${why}`),
    ...(data.unused_rules.length > 0 ? [`  not met by any row: ${data.unused_rules.join(', ')}`] : []),
    data.passed
      ? `passed: at most ${data.max_complex_to_tier0 * 100} % of the complex go to tier 0`
      : `FAILED: more than ${data.max_complex_to_tier0 * 100} % of the complex go to tier 0`,
  ].join('\n');
}
