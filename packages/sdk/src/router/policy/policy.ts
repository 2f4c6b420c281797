/** How the tier to start at is picked. Pure and total: a decision always names a tier of the route. */
import type { Policy } from '@routescope/conventions';
import type { Confidence } from './confidence.ts';
import { type Complexity, complexities, firstMatch, type Rule } from './rules.ts';
import type { Signals } from './signals.ts';

/** Always the same tier, the cheapest unless named. */
export interface StaticPolicy {
  readonly kind: 'static';
  readonly tier?: string;
}

/** The first rule that matches. */
export interface RulesPolicy {
  readonly kind: 'rules';
  readonly rules: readonly Rule[];
  /** Where no rule matches. @default the cheapest */
  readonly otherwise?: string;
}

/** A small model is asked; what it says that is none of the three words is MODERATE. */
export interface ClassifierPolicy {
  readonly kind: 'classifier';
  /** The tag of the route that asks the small model: a call of its own, with its own validator, retries and cost. */
  readonly tag: string;
  /** @default the cheapest, the middle and the top */
  readonly tiers?: Readonly<Partial<Record<Complexity, string>>>;
}

/** The cheapest first; on to the next while the answer's confidence is below the threshold, the last is taken as it is. */
export interface CascadePolicy {
  readonly kind: 'cascade';
  /** @default 0.7 */
  readonly threshold?: number;
  /** @default log probabilities where the answer has them, else the look of the text. Not in JSON. */
  readonly confidence?: Confidence;
}

/** By the feature where it is declared, else as the other policy says. */
export interface HybridPolicy {
  readonly kind: 'hybrid';
  /** Feature to tier. */
  readonly features: Readonly<Record<string, string>>;
  readonly otherwise: RulesPolicy | ClassifierPolicy | CascadePolicy;
}

export type RoutePolicy = StaticPolicy | RulesPolicy | ClassifierPolicy | CascadePolicy | HybridPolicy;

export interface Decision {
  /** Place of the tier in the route. */
  readonly rank: number;
  readonly policy: Policy;
  /** The rule's name, the feature, the complexity, or `default`. */
  readonly reason: string;
}

/** A decision, or the classifier whose word is needed for one. */
export type Choice = Decision | { readonly ask: ClassifierPolicy };

export function choose(
  policy: RoutePolicy | undefined,
  tiers: readonly { readonly name: string }[],
  signals: Signals,
): Choice {
  const decided = (kind: Policy, tier: string | undefined, reason: string): Decision => ({
    rank: rankOf(tiers, tier),
    policy: kind,
    reason,
  });
  switch (policy?.kind) {
    case undefined:
    case 'static':
      return decided('static', policy?.tier, 'default');
    case 'cascade':
      return decided('cascade', undefined, 'default');
    case 'rules': {
      const rule = firstMatch(policy.rules, signals);
      return decided('rules', rule?.tier ?? policy.otherwise, rule?.name ?? 'default');
    }
    case 'classifier':
      return { ask: policy };
    case 'hybrid': {
      const { feature } = signals;
      if (feature !== undefined && Object.hasOwn(policy.features, feature))
        return decided('hybrid', policy.features[feature], feature);
      const choice = choose(policy.otherwise, tiers, signals);
      return 'ask' in choice ? choice : { ...choice, policy: 'hybrid' };
    }
  }
}

/** Where a complexity starts in a route of that many tiers. */
export function tierOf(
  complexity: Complexity,
  policy: ClassifierPolicy,
  tiers: readonly { readonly name: string }[],
): number {
  const named = policy.tiers?.[complexity];
  if (named !== undefined) return rankOf(tiers, named);
  const top = tiers.length - 1;
  return complexity === 'SIMPLE' ? 0 : complexity === 'COMPLEX' ? top : Math.ceil(top / 2);
}

const rankOf = (tiers: readonly { readonly name: string }[], name: string | undefined): number =>
  Math.max(
    0,
    tiers.findIndex((tier) => tier.name === name),
  );

/** What a classifier answered: the word itself, or JSON with it. Anything else is MODERATE, and said so. */
export function complexityOf(text: string): { readonly complexity: Complexity; readonly isUnderstood: boolean } {
  const plain = text.trim().replace(/^```(?:json)?\s*|\s*```$/g, '');
  let word: unknown = plain;
  if (plain.startsWith('{')) {
    try {
      word = (JSON.parse(plain) as { tier?: unknown }).tier;
    } catch {
      word = undefined;
    }
  }
  const said = typeof word === 'string' ? word.trim().toUpperCase() : '';
  const complexity = complexities.find((each) => each === said);
  return { complexity: complexity ?? 'MODERATE', isUnderstood: complexity !== undefined };
}

/** The question a classifier is asked. */
export const classifierInput = (text: string) => ({
  system:
    'Say how hard the request of the user is for a language model. SIMPLE: looking up a fact, sorting into a class, ' +
    'extracting, reformatting. MODERATE: summarising, answering from a given text, filling in a template. COMPLEX: ' +
    'reasoning in several steps, writing code, designing. Do not answer the request. Reply with JSON only: ' +
    '{"tier":"SIMPLE"}, {"tier":"MODERATE"} or {"tier":"COMPLEX"}.',
  messages: [{ role: 'user' as const, content: text }],
});
