/** What differs between two route tables, in words. Works on their plain form, so that files need no clients. */
import type { Plain } from './plain.ts';

type PlainTable = Readonly<Record<string, Plain>>;

/** One sentence for each change; none when the tables say the same. */
export function describeChanges(before: PlainTable, after: PlainTable): string[] {
  const said: string[] = [];
  for (const tag of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const [old, now] = [before[tag], after[tag]];
    if (old === undefined) said.push(`${tag}: new, starts at ${tierText(now.tiers?.[0])} (${now.why})`);
    else if (now === undefined) said.push(`${tag}: no longer routed`);
    else for (const change of routeChanges(old, now)) said.push(`${tag}: ${change}`);
  }
  return said;
}

function* routeChanges(old: Plain, now: Plain): Generator<string> {
  const tiers = (route: Plain): Plain[] => route.tiers ?? [];
  const find = (route: Plain, name: string): Plain => tiers(route).find((tier) => tier.name === name);
  for (const tier of tiers(old)) if (!find(now, tier.name)) yield `tier ${tier.name} is gone (${tierText(tier)})`;
  for (const tier of tiers(now)) {
    const was = find(old, tier.name);
    if (!was) yield `tier ${tier.name} is new (${tierText(tier)})`;
    else
      for (const key of keysOf(was, tier))
        if (!same(was[key], tier[key])) yield `tier ${tier.name}: ${key} ${text(was[key])} → ${text(tier[key])}`;
  }
  const order = (route: Plain, other: Plain): string =>
    tiers(route)
      .map((tier) => tier.name)
      .filter((name) => find(other, name))
      .join(', ');
  if (order(old, now) !== order(now, old)) yield `tiers in another order: ${order(old, now)} → ${order(now, old)}`;
  for (const key of keysOf(old, now))
    if (key !== 'tiers' && !same(old[key], now[key])) yield `${key} ${text(old[key])} → ${text(now[key])}`;
}

const keysOf = (a: Plain, b: Plain): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
const same = (a: Plain, b: Plain): boolean => JSON.stringify(a) === JSON.stringify(b);

function text(value: Plain): string {
  if (value === undefined) return 'not set';
  const said = JSON.stringify(value);
  return said.length > 120 ? `${said.slice(0, 117)}...` : said;
}

const tierText = (tier: Plain): string =>
  tier?.deployments
    ? tier.deployments.map((each: Plain) => `${each.model} by ${each.via}`).join(' or ')
    : `${tier?.model} by ${tier?.via}`;
