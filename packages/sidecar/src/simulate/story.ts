/**
 * What the simulated app is and what befalls it: a research assistant of seven calls per session, its route table in
 * two versions, its releases, and the incidents of its history.
 */
import type { ReportedEventKind } from '@routescope/conventions';

export type Tier = 'small' | 'mid' | 'frontier';

export interface Model {
  readonly name: string;
  readonly provider: 'openai' | 'anthropic';
  /** Median time to the first chunk, and per thousand tokens written; ms. */
  readonly firstChunkMs: number;
  readonly perThousandTokensMs: number;
}

const model = (
  provider: Model['provider'],
  name: string,
  firstChunkMs: number,
  perThousandTokensMs: number,
): Model => ({
  provider,
  name,
  firstChunkMs,
  perThousandTokensMs,
});

const nano = model('openai', 'gpt-4.1-nano', 180, 4_000);
const mini = model('openai', 'gpt-4o-mini', 260, 7_000);
const haiku = model('anthropic', 'claude-haiku-4-5-20251001', 320, 6_500);
const gpt = model('openai', 'gpt-4o', 480, 11_000);
const sonnet = model('anthropic', 'claude-sonnet-4-20250514', 700, 13_000);
/** Known to no price list, as models of one's own are. */
const ownModel = model('openai', 'research-llama-8b', 150, 9_000);

export interface Choice {
  readonly tier: Tier;
  readonly model: Model;
}

const small = (model: Model): Choice => ({ tier: 'small', model });
const mid = (model: Model): Choice => ({ tier: 'mid', model });
const frontier = (model: Model): Choice => ({ tier: 'frontier', model });

export interface Step {
  readonly tag: string;
  readonly validator: string | undefined;
  readonly tiers: readonly [Choice, ...Choice[]];
  readonly baseline: Model;
  /** Medians. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Share of first answers the validator rejects. */
  readonly rejected: number;
  readonly isStream?: boolean;
  /** What its answers are scored on; below `bar`, where there is one, an answer counts as wrong. */
  readonly score: { readonly name: string; readonly mean: number; readonly isYesNo?: boolean; readonly bar?: number };
  /** Share of answers a person sees, and of those that they replace. */
  readonly shown?: number;
  readonly overridden?: number;
}

const classify: Step = {
  tag: 'classify-intent',
  validator: 'label',
  tiers: [small(haiku), frontier(gpt)],
  baseline: gpt,
  inputTokens: 420,
  outputTokens: 8,
  rejected: 0.015,
  score: { name: 'right-label', mean: 0.96, isYesNo: true },
};
const rewrite: Step = {
  tag: 'rewrite-query',
  validator: 'query-shape',
  tiers: [small(mini), frontier(sonnet)],
  baseline: sonnet,
  inputTokens: 600,
  outputTokens: 45,
  rejected: 0.02,
  score: { name: 'recall-gain', mean: 0.72, bar: 0.45 },
};
const rerank: Step = {
  tag: 'rerank-candidates',
  validator: 'ranking',
  tiers: [small(mini), mid(haiku), frontier(gpt)],
  baseline: gpt,
  inputTokens: 2_400,
  outputTokens: 60,
  rejected: 0.01,
  score: { name: 'ndcg', mean: 0.81, bar: 0.5 },
};
const synthesize: Step = {
  tag: 'synthesize-answer',
  validator: undefined,
  tiers: [frontier(sonnet), frontier(gpt)],
  baseline: sonnet,
  inputTokens: 5_200,
  outputTokens: 650,
  rejected: 0,
  isStream: true,
  score: { name: 'faithful', mean: 0.88, bar: 0.6 },
  shown: 0.92,
  overridden: 0.04,
};
const critique: Step = {
  tag: 'critique-draft',
  validator: 'has-verdict',
  tiers: [mid(haiku), frontier(sonnet)],
  baseline: sonnet,
  inputTokens: 1_900,
  outputTokens: 210,
  rejected: 0.03,
  score: { name: 'useful-critique', mean: 0.77, bar: 0.5 },
};
const nextStep: Step = {
  tag: 'next-step',
  validator: 'suggestion',
  tiers: [small(mini), frontier(gpt)],
  baseline: gpt,
  inputTokens: 900,
  outputTokens: 55,
  rejected: 0.02,
  score: { name: 'clicked', mean: 0.35, isYesNo: true },
  shown: 0.8,
  overridden: 0.06,
};

/** A job without a route, as apps have beside their routed ones: an observed client, no tag, a model without a price. */
export const unrouted = { model: ownModel, share: 0.06, inputTokens: 1_500, outputTokens: 180 } as const;

/** The seven calls of a session, by version of the route table: before `v2` the critique was the dear model's. */
export const tables: Readonly<Record<'v1' | 'v2', readonly Step[]>> = {
  v1: [
    classify,
    rewrite,
    rerank,
    rerank,
    synthesize,
    { ...critique, tiers: [frontier(sonnet), frontier(gpt)] },
    nextStep,
  ],
  v2: [classify, rewrite, rerank, rerank, synthesize, critique, nextStep],
};

/** Half of the users have their next step suggested by a smaller model, from `v2` on. */
export const experiment = {
  name: 'next-step-nano',
  tag: nextStep.tag,
  arms: { control: nextStep.tiers[0], nano: small(nano) },
} as const;

/** Something that changes for a while. A number multiplies, `…Rate` stands for itself. */
export interface Incident {
  readonly what: string;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** Whom it hits; left out, all. */
  readonly tag?: string;
  readonly provider?: Model['provider'];
  readonly rejectedRate?: number;
  readonly failedRate?: number;
  readonly overriddenRate?: number;
  readonly latency?: number;
  readonly inputTokens?: number;
  readonly score?: number;
  readonly sessions?: number;
}

export interface Release {
  /** Epoch ms. */
  readonly at: number;
  readonly routeVersion: keyof typeof tables;
  readonly serviceVersion: string;
  readonly promptVersion: string;
}

/** Something that was changed or happened, as `POST /v1/events` takes it. */
interface Event {
  readonly id: string;
  readonly kind: ReportedEventKind;
  /** Epoch ms. */
  readonly at: number;
  readonly name: string;
  readonly text: string;
  /** Of a silence. */
  readonly until?: number;
  readonly tag?: string;
  readonly state?: string;
  readonly numbers?: Readonly<Record<string, number>>;
}

export interface Story {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** In order; the first holds from the start. */
  readonly releases: readonly [Release, ...Release[]];
  readonly incidents: readonly Incident[];
  readonly events: readonly Event[];
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;

const event = (kind: ReportedEventKind, at: number, name: string, text: string, more: Partial<Event> = {}): Event => ({
  id: `simulated-${kind}-${at}`,
  kind,
  at,
  name,
  text,
  ...more,
});

/** The day, or of a weekend the nearest that is none: there is hardly anybody then whom something could hit. */
function workday(day: number): number {
  const weekday = new Date(day).getUTCDay();
  return day + (weekday === 6 ? -dayMs : weekday === 0 ? dayMs : 0);
}

/**
 * The history that `routescope simulate` writes. Most of the time all is well; what goes wrong and is mended does so by
 * day, when it is noticed. At last `rewrite-query` begins to drift with a release, from 2 % rejected to 8 %, and is
 * drifting still at the end.
 * @param to epoch ms, the end.
 */
export function storyOf(days: number, to: number): Story {
  const lengthMs = days * dayMs;
  const ago = (share: number): number => to - Math.round((share * lengthMs) / minuteMs) * minuteMs;
  const onDay = (share: number, hour: number): number => {
    if (days < 3) return ago(share); // there may be no such hour left
    const day = ago(share) - (ago(share) % dayMs);
    return (days < 7 ? day : workday(day)) + hour * hourMs;
  };
  // Long enough to be told from chance, short enough to leave an "earlier" in what alerts look back on.
  const driftFrom = to - Math.min(0.3 * lengthMs, 2 * dayMs);
  const routedAt = ago(0.75);
  const deployedAt = Math.max(routedAt, onDay(0.55, 8));
  const toneFrom = onDay(0.75, 14);
  const outageFrom = onDay(0.45, 14);
  const outageTo = outageFrom + 45 * minuteMs;
  const budget = (after: number, state: string, spent: number, text: string): Event =>
    event('budget', deployedAt + after, 'answers per day', text, {
      tag: synthesize.tag,
      state,
      numbers: { spent_usd: spent, limit_usd: 20 },
    });
  return {
    from: to - lengthMs,
    to,
    releases: [
      { at: to - lengthMs, routeVersion: 'v1', serviceVersion: '1.4.0', promptVersion: 'p11' },
      { at: routedAt, routeVersion: 'v2', serviceVersion: '1.4.0', promptVersion: 'p11' },
      { at: deployedAt, routeVersion: 'v2', serviceVersion: '1.5.0', promptVersion: 'p11' },
      { at: driftFrom, routeVersion: 'v2', serviceVersion: '1.6.0', promptVersion: 'p12' },
    ],
    incidents: [
      {
        what: 'answers in another tone, which people do not like',
        from: toneFrom,
        to: toneFrom + 6 * hourMs,
        tag: synthesize.tag,
        overriddenRate: 0.16,
      },
      {
        what: 'a release sends far more context than it should',
        from: deployedAt,
        to: deployedAt + 4 * hourMs,
        tag: synthesize.tag,
        inputTokens: 4,
      },
      {
        what: 'a provider is down',
        from: outageFrom,
        to: outageTo,
        provider: 'anthropic',
        failedRate: 0.85,
        latency: 5,
      },
      {
        what: 'the small model understands the new prompt less well',
        from: driftFrom,
        to,
        tag: rewrite.tag,
        rejectedRate: 0.08,
        score: 0.85,
      },
    ],
    events: [
      event(
        'route_table',
        routedAt,
        'v2',
        'The critique moves to the mid tier; half of the users get a smaller next step.',
      ),
      event('deploy', deployedAt, '1.5.0', 'research-assistant 1.5.0'),
      budget(hourMs, 'warned', 16, 'Four fifths of the budget of the day are spent.'),
      budget(2 * hourMs, 'exceeded', 20, 'The budget of the day is spent.'),
      event('breaker', outageFrom + 3 * minuteMs, 'anthropic', 'The breaker of anthropic opened.', { state: 'open' }),
      event('breaker', outageTo, 'anthropic', 'The breaker of anthropic closed.', { state: 'closed' }),
      event(
        'silence',
        outageFrom + 5 * minuteMs,
        'outage',
        'The critique has no second provider: known, and waited for.',
        {
          tag: critique.tag,
          until: outageFrom + 2 * hourMs,
        },
      ),
      event('price', ago(0.4), 'gpt-4o', 'A new price list was loaded; nothing of what this app uses became dearer.'),
      event('deploy', driftFrom, '1.6.0', 'research-assistant 1.6.0, with prompt p12 for the rewriting of queries'),
    ],
  };
}

/**
 * Days on which nothing goes wrong. Behind a story they are the days after: the drift is mended by another prompt.
 * @param to epoch ms, the end.
 */
export function quietStoryOf(days: number, to: number): Story {
  const from = to - days * dayMs;
  return {
    from,
    to,
    releases: [{ at: from, routeVersion: 'v2', serviceVersion: '1.6.1', promptVersion: 'p13' }],
    incidents: [],
    events: [event('deploy', from, '1.6.1', 'research-assistant 1.6.1, with the prompt for rewriting queries mended')],
  };
}
