/** Rules: the first that matches names the tier. Pure, total, and those that can never match are found. */
import type { Signals } from './signals.ts';

/** Everything that is said must hold; nothing said holds always. */
export interface Condition {
  readonly feature?: string | readonly string[];
  readonly userSegment?: string | readonly string[];
  /** Words of the text, inclusive. */
  readonly minWords?: number;
  readonly maxWords?: number;
  readonly hasCode?: boolean;
  readonly structured?: boolean;
  /** One of them stands in the text, in any case. */
  readonly keywords?: readonly string[];
  /** None of them does. */
  readonly noKeywords?: readonly string[];
  /** The best retrieval score, inclusive; does not hold when nothing was retrieved. */
  readonly minRetrievalScore?: number;
  readonly maxRetrievalScore?: number;
}

export interface Rule {
  /** Becomes the route reason. */
  readonly name: string;
  readonly when: Condition;
  /** Your own condition, besides; one that throws does not hold. Not in JSON. */
  readonly matches?: (signals: Signals) => boolean;
  /** Name of the tier to start at. */
  readonly tier: string;
}

/** The first rule that matches. */
export function firstMatch(rules: readonly Rule[], signals: Signals): Rule | undefined {
  for (const rule of rules) if (holds(rule, signals)) return rule;
  return undefined;
}

function holds({ when, matches }: Rule, signals: Signals): boolean {
  if (when.feature !== undefined && !isIn(signals.feature, when.feature)) return false;
  if (when.userSegment !== undefined && !isIn(signals.userSegment, when.userSegment)) return false;
  if (when.structured !== undefined && signals.structured !== when.structured) return false;
  if (when.minWords !== undefined && signals.words < when.minWords) return false;
  if (when.maxWords !== undefined && signals.words > when.maxWords) return false;
  if (when.hasCode !== undefined && signals.hasCode !== when.hasCode) return false;
  if (when.keywords !== undefined && !hasOne(signals, when.keywords)) return false;
  if (when.noKeywords !== undefined && hasOne(signals, when.noKeywords)) return false;
  if (when.minRetrievalScore !== undefined && !((signals.retrievalScore ?? Number.NaN) >= when.minRetrievalScore))
    return false;
  if (when.maxRetrievalScore !== undefined && !((signals.retrievalScore ?? Number.NaN) <= when.maxRetrievalScore))
    return false;
  if (matches === undefined) return true;
  try {
    return matches(signals) === true;
  } catch {
    return false;
  }
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);
const isIn = (value: string | undefined, wanted: string | readonly string[]): boolean =>
  value !== undefined && listOf(wanted).includes(value);
const hasOne = (signals: Signals, keywords: readonly string[]): boolean =>
  keywords.some((keyword) => signals.lower.includes(keyword.toLowerCase()));

export interface DeadRule {
  readonly rule: string;
  readonly why: string;
}

/** Rules that can never match: their own conditions contradict each other, or an earlier rule takes all they would. */
export function deadRules(rules: readonly Rule[]): DeadRule[] {
  const dead: DeadRule[] = [];
  for (const [index, rule] of rules.entries()) {
    const own = contradiction(rule.when);
    const before = rules.slice(0, index).find((earlier) => earlier.matches === undefined && covers(earlier, rule));
    if (own !== undefined) dead.push({ rule: rule.name, why: own });
    else if (before) dead.push({ rule: rule.name, why: `${JSON.stringify(before.name)} before it takes all of it` });
  }
  return dead;
}

function contradiction(when: Condition): string | undefined {
  const isEmpty = (list: string | readonly string[] | undefined): boolean => list !== undefined && list.length === 0;
  if (isEmpty(when.feature)) return 'its list of features is empty';
  if (isEmpty(when.userSegment)) return 'its list of user segments is empty';
  if (isEmpty(when.keywords)) return 'its list of keywords is empty';
  if ((when.minWords ?? 0) > (when.maxWords ?? Number.POSITIVE_INFINITY)) return 'minWords is above maxWords';
  if ((when.minRetrievalScore ?? 0) > (when.maxRetrievalScore ?? Number.POSITIVE_INFINITY))
    return 'minRetrievalScore is above maxRetrievalScore';
  const no = when.noKeywords?.map((keyword) => keyword.toLowerCase());
  if (no && when.keywords?.every((keyword) => no.some((each) => keyword.toLowerCase().includes(each))))
    return 'each of its keywords is excluded by noKeywords';
  return undefined;
}

/** Whatever the later rule matches, the earlier one matches too. */
function covers({ when: wide }: Rule, { when: narrow }: Rule): boolean {
  const within = (few: string | readonly string[] | undefined, many: string | readonly string[] | undefined): boolean =>
    many === undefined || (few !== undefined && listOf(few).every((each) => listOf(many).includes(each)));
  const low = (list: readonly string[]): string[] => list.map((each) => each.toLowerCase());
  return (
    within(narrow.feature, wide.feature) &&
    within(narrow.userSegment, wide.userSegment) &&
    (wide.hasCode === undefined || narrow.hasCode === wide.hasCode) &&
    (wide.structured === undefined || narrow.structured === wide.structured) &&
    (narrow.minWords ?? 0) >= (wide.minWords ?? 0) &&
    (narrow.maxWords ?? Number.POSITIVE_INFINITY) <= (wide.maxWords ?? Number.POSITIVE_INFINITY) &&
    (wide.minRetrievalScore === undefined || (narrow.minRetrievalScore ?? -1) >= wide.minRetrievalScore) &&
    (wide.maxRetrievalScore === undefined ||
      (narrow.maxRetrievalScore ?? Number.POSITIVE_INFINITY) <= wide.maxRetrievalScore) &&
    // A text with the longer keyword has the shorter one too.
    (wide.keywords === undefined ||
      (narrow.keywords !== undefined &&
        low(narrow.keywords).every((each) => low(wide.keywords as string[]).some((one) => each.includes(one))))) &&
    (wide.noKeywords === undefined ||
      (narrow.noKeywords !== undefined &&
        low(wide.noKeywords).every((each) => low(narrow.noKeywords as string[]).some((one) => each.includes(one)))))
  );
}

/** What a request asks of a model. */
export const complexities = ['SIMPLE', 'MODERATE', 'COMPLEX'] as const;
export type Complexity = (typeof complexities)[number];

/**
 * Complexity by what can be seen without asking anybody: the feature, code, words that ask for reasoning, length.
 * @param tiers the tier each of them starts at.
 */
export const complexityRules = (tiers: Readonly<Record<Complexity, string>>): Rule[] => [
  { name: 'simple-feature', when: { feature: ['classification', 'extraction', 'formatting'] }, tier: tiers.SIMPLE },
  {
    name: 'complex-feature',
    when: { feature: ['code_generation', 'research', 'multi_step_analysis'] },
    tier: tiers.COMPLEX,
  },
  {
    name: 'short',
    when: {
      maxWords: 19,
      hasCode: false,
      noKeywords: ['explain', 'compare', 'analyze', 'write code', 'debug', 'design'],
    },
    tier: tiers.SIMPLE,
  },
  { name: 'code', when: { hasCode: true }, tier: tiers.COMPLEX },
  {
    name: 'reasoning-words',
    when: {
      keywords: [
        'step by step',
        'compare and contrast',
        'architecture',
        'design a system',
        'write a complete',
        'refactor',
      ],
    },
    tier: tiers.COMPLEX,
  },
  { name: 'neither', when: {}, tier: tiers.MODERATE },
];
