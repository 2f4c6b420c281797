/** What may be wrong with a route table, in sentences. */
import { catchers } from '@routescope/conventions';
import type { RoutePolicy } from './policy/policy.ts';
import { complexities, deadRules } from './policy/rules.ts';
import type { Deployment, Route, Routes, Tier } from './routes.ts';

export interface TableProblems {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Total: a table of any shape is described, never thrown at. */
export function tableProblems(table: Routes): TableProblems {
  const problems: string[] = [];
  const warnings: string[] = [];
  if (typeof table !== 'object' || table === null || Array.isArray(table))
    return { problems: ['the table is no object of tags'], warnings };
  if (Object.keys(table).length === 0) problems.push('the table has no tags');
  for (const [tag, route] of Object.entries(table)) {
    const say = (problem: string): void => void problems.push(`${JSON.stringify(tag)}: ${problem}`);
    if (tag === '') say('a tag needs a name');
    if (typeof route !== 'object' || route === null) {
      say('the route is no object');
      continue;
    }
    checkRoute(route, say);
    const names = new Set((Array.isArray(route.tiers) ? route.tiers : []).map((tier) => tier?.name));
    if (route.policy !== undefined)
      checkPolicy(route.policy, names, table, tag, say, (warning) =>
        warnings.push(`${JSON.stringify(tag)}: ${warning}`),
      );
  }
  return { problems, warnings };
}

type Say = (problem: string) => void;

const isCount = (value: unknown, least: number): boolean => Number.isInteger(value) && (value as number) >= least;
const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;

function checkRoute(route: Route, say: Say): void {
  if (!route.why) say('`why` is missing: write down why this job is routed so');
  if (!catchers.includes(route.caughtBy))
    say(`\`caughtBy\` is ${JSON.stringify(route.caughtBy)}, expected one of ${catchers.join(', ')}`);
  if (!Array.isArray(route.tiers) || route.tiers.length === 0) say('it has no tiers');
  const names = new Set<string>();
  for (const [rank, tier] of (Array.isArray(route.tiers) ? route.tiers : []).entries()) {
    const place = `tier ${rank}`;
    if (typeof tier !== 'object' || tier === null) {
      say(`${place} is no object`);
      continue;
    }
    if (!tier.name) say(`${place} has no name`);
    if (names.has(tier.name)) say(`two tiers are called ${JSON.stringify(tier.name)}`);
    names.add(tier.name);
    checkDeployments(tier, place, say);
    checkLimits(tier, route, place, say);
  }
  if (route.qualityBar !== undefined && !isShare(route.qualityBar))
    say(`qualityBar is ${route.qualityBar}, expected a score from 0 to 1`);
  if (route.retries !== undefined && !isCount(route.retries, 0))
    say(`retries is ${route.retries}, expected a whole number from 0`);
  if (route.maxAttempts !== undefined && !isCount(route.maxAttempts, 1))
    say(`maxAttempts is ${route.maxAttempts}, expected a whole number above 0`);
  if (route.timeoutMs !== undefined && !(route.timeoutMs > 0))
    say(`timeoutMs is ${route.timeoutMs}, expected milliseconds above 0`);
  if (route.rerun?.times !== undefined && !isCount(route.rerun.times, 0))
    say(`rerun.times is ${route.rerun.times}, expected a whole number from 0`);
}

function checkDeployments(tier: Tier, place: string, say: Say): void {
  if (tier.deployments === undefined) checkDeployment(tier, place, say);
  else if (!Array.isArray(tier.deployments) || tier.deployments.length === 0) say(`${place} has no deployments`);
  if (!Array.isArray(tier.deployments)) return;
  if ((tier as { model?: unknown }).model !== undefined || (tier as { via?: unknown }).via !== undefined)
    say(`${place} has deployments and a model or via of its own: one or the other`);
  for (const [index, deployment] of tier.deployments.entries()) {
    const where = `${place}, deployment ${index}`;
    checkDeployment(deployment, where, say);
    const { weight } = deployment;
    if (weight !== undefined && !(weight > 0 && Number.isFinite(weight)))
      say(`${where} has weight ${weight}, expected a number above 0`);
  }
}

function checkDeployment(deployment: Pick<Deployment, 'model' | 'via'>, place: string, say: Say): void {
  if (!deployment.model) say(`${place} has no model`);
  if (typeof deployment.via !== 'function')
    say(`${place} has no \`via\`: openaiChat(client), anthropicMessages(client) or a function of your own`);
}

function checkLimits(tier: Tier, route: Route, place: string, say: Say): void {
  const { maxTokens, temperature, tempCap, timeoutMs } = tier;
  if (maxTokens !== undefined && !isCount(maxTokens, 1))
    say(`${place} has maxTokens ${maxTokens}, expected a whole number above 0`);
  if (temperature !== undefined && !(temperature >= 0))
    say(`${place} has temperature ${temperature}, expected a number from 0`);
  if (tempCap !== undefined && !(tempCap >= 0)) say(`${place} has tempCap ${tempCap}, expected a number from 0`);
  if (temperature !== undefined && tempCap !== undefined && temperature > tempCap)
    say(`${place} has temperature ${temperature} above its tempCap ${tempCap}`);
  if (timeoutMs !== undefined && !(timeoutMs > 0))
    say(`${place} has timeoutMs ${timeoutMs}, expected milliseconds above 0`);
  const again = route.rerun?.temperature;
  if (again !== undefined && !(again >= 0)) say(`rerun.temperature is ${again}, expected a number from 0`);
  if (again !== undefined && tempCap !== undefined && again > tempCap)
    say(`rerun.temperature ${again} is above the tempCap ${tempCap} of ${place}`);
}

function checkPolicy(
  policy: RoutePolicy,
  tiers: ReadonlySet<string>,
  table: Routes,
  tag: string,
  say: Say,
  warn: Say,
): void {
  const known = (tier: string | undefined, where: string): void => {
    if (tier !== undefined && !tiers.has(tier))
      say(`${where} names the tier ${JSON.stringify(tier)}; there are ${[...tiers].join(', ')}`);
  };
  switch (policy.kind) {
    case 'static':
      known(policy.tier, 'the policy');
      return;
    case 'rules': {
      if (!Array.isArray(policy.rules)) {
        say('the policy has no rules');
        return;
      }
      const names = new Set<string>();
      for (const [index, rule] of policy.rules.entries()) {
        if (!rule.name) say(`rule ${index} has no name`);
        if (names.has(rule.name)) say(`two rules are called ${JSON.stringify(rule.name)}`);
        names.add(rule.name);
        if (typeof rule.when !== 'object' || rule.when === null) say(`rule ${rule.name || index} has no \`when\``);
        if (rule.tier === undefined) say(`rule ${rule.name || index} names no tier`);
        known(rule.tier, `rule ${rule.name || index}`);
      }
      known(policy.otherwise, 'the policy');
      if (policy.rules.every((rule) => typeof rule.when === 'object' && rule.when !== null))
        for (const { rule, why } of deadRules(policy.rules)) warn(`rule ${rule} can never match: ${why}`);
      return;
    }
    case 'classifier':
      if (!Object.hasOwn(table, policy.tag))
        say(`the classifier's tag ${JSON.stringify(policy.tag)} is not in the table`);
      else if (policy.tag === tag || asks(table, policy.tag, tag))
        say(`the classifier's tag ${JSON.stringify(policy.tag)} leads back here`);
      for (const complexity of complexities) known(policy.tiers?.[complexity], `${complexity} of the policy`);
      return;
    case 'cascade':
      if (policy.threshold !== undefined && !isShare(policy.threshold))
        say(`the cascade's threshold is ${policy.threshold}, expected a number from 0 to 1`);
      return;
    case 'hybrid':
      for (const [feature, tier] of Object.entries(policy.features ?? {})) known(tier, `feature ${feature}`);
      if (policy.otherwise === undefined) say('the hybrid policy has no `otherwise`');
      else checkPolicy(policy.otherwise, tiers, table, tag, say, warn);
      return;
    default:
      say(
        `policy ${JSON.stringify((policy as { kind?: unknown }).kind)} is none of static, rules, classifier, cascade, hybrid`,
      );
  }
}

/** Does deciding a call of `from` ask `to`, by however many classifiers? */
function asks(table: Routes, from: string, to: string): boolean {
  const seen = new Set<string>();
  for (let tag: string | undefined = from; tag !== undefined && !seen.has(tag); ) {
    seen.add(tag);
    const policy: RoutePolicy | undefined = table[tag]?.policy;
    const inner: RoutePolicy | undefined = policy?.kind === 'hybrid' ? policy.otherwise : policy;
    tag = inner?.kind === 'classifier' ? inner.tag : undefined;
    if (tag === to) return true;
  }
  return false;
}
