/** The five screens, and what the terminal report shows of them. */
import { calls, latencyPerTier } from './calls.ts';
import type { Dashboard, Panel } from './definition.ts';
import { drift } from './drift.ts';
import { money, savings } from './money.ts';
import {
  costPerSession,
  fallbackRate,
  humanOverrideRate,
  overview,
  routingDistribution,
  scorePerTag,
} from './overview.ts';
import { quality } from './quality.ts';

export const dashboards: readonly Dashboard[] = [
  {
    id: 'routing-overview',
    title: 'Routing overview',
    question: 'What does each routed call cost, does it hold up, and how often does the first choice need rescue?',
    panels: overview,
    adhoc: 'calls_1m',
    filters: ['environment', 'tag'],
  },
  {
    id: 'fallback-drift',
    title: 'Fallback drift',
    question: 'Is a first choice of model getting worse, since when, where, and what does it cost?',
    panels: drift,
    adhoc: 'calls_1m',
    alarms: true,
    filters: ['environment', 'tag'],
  },
  {
    id: 'money',
    title: 'Money',
    question: 'What does routing save, and where does the rest go?',
    panels: money,
    adhoc: 'calls_1m',
    filters: ['environment', 'tag'],
  },
  {
    id: 'quality',
    title: 'Quality',
    question: 'Does the answer hold up, by each job’s own rubric, at each tier, and with people?',
    panels: quality,
    adhoc: 'scores',
    filters: ['environment', 'tag'],
  },
  {
    id: 'calls',
    title: 'Calls',
    question: 'How long do people wait, and what happened in this one call?',
    panels: calls,
    adhoc: 'calls',
    filters: ['environment', 'tag', 'tier', 'route_version'],
  },
];

/** Every panel once, in the order of the dashboards. */
export const panels: readonly Panel[] = [...new Set(dashboards.flatMap((dashboard) => dashboard.panels))];

/** What `routescope report` shows when it is not asked for a dashboard. */
export const reported: readonly Panel[] = [
  costPerSession,
  scorePerTag,
  fallbackRate,
  humanOverrideRate,
  savings,
  latencyPerTier,
  routingDistribution,
];

/** What is drawn over every chart; the SQL is `changes.sql`, with the kind of event as `{kind:String}`. */
export const changes = [
  { kind: 'route_table', title: 'Route-table changes' },
  { kind: 'deploy', title: 'Deploys' },
  { kind: 'price', title: 'Price changes' },
] as const;

/** What is drawn over the charts of a dashboard with `alarms`; the SQL is `alarms.sql`. */
export const alarmsTitle = 'Alarms and decisions';
