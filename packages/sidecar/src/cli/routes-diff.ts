/** `routescope routes diff`: a change of the route table in words, and what it means for the price of a typical call. */
import { costOf, unknownUsage, usd } from '@routescope/conventions';
import { catalog } from '@routescope/conventions/prices';
import { describeChanges, plainTable } from '@routescope/sdk/router';
import { readRoutes } from './routes-file.ts';

interface TypicalCall {
  readonly input: number;
  readonly output: number;
}

interface PriceChange {
  readonly tag: string;
  readonly before_usd: number | null;
  readonly after_usd: number | null;
  /** Of a thousand typical calls, at the tier they start at. */
  readonly change_share: number | null;
}

/** @throws Error that says what is wrong with a file. */
export async function diffRoutes(old: string, now: string, call: TypicalCall, env: NodeJS.ProcessEnv) {
  const [before, after] = await Promise.all([readRoutes(old, env), readRoutes(now, env)]);
  const [plainBefore, plainAfter] = [plainTable(before.routes), plainTable(after.routes)];
  const changes = describeChanges(plainBefore, plainAfter);
  const tags = [...new Set([...Object.keys(plainBefore), ...Object.keys(plainAfter)])].sort();
  const money = tags
    .filter((tag) => JSON.stringify(plainBefore[tag]) !== JSON.stringify(plainAfter[tag]))
    .map((tag): PriceChange => {
      const [a, b] = [priceOf(plainBefore[tag], call), priceOf(plainAfter[tag], call)];
      return { tag, before_usd: a, after_usd: b, change_share: a === null || b === null || a === 0 ? null : b / a - 1 };
    });
  const data = {
    before: before.version,
    after: after.version,
    changes,
    typical_call: call,
    per_1000_calls: money,
    warnings: after.warnings,
  };
  const text = [
    `${before.version} → ${after.version}`,
    ...(changes.length === 0 ? ['  no change'] : changes.map((change) => `  ${change}`)),
    ...(money.length === 0
      ? []
      : [
          '',
          `per 1,000 calls of ${call.input} input and ${call.output} output tokens, at the tier they start at:`,
          ...money.map(({ tag, before_usd, after_usd, change_share }) => {
            const share =
              change_share === null ? '' : ` (${change_share > 0 ? '+' : ''}${(change_share * 100).toFixed(1)} %)`;
            return `  ${tag}: ${dollars(before_usd)} → ${dollars(after_usd)}${share}`;
          }),
        ]),
    ...after.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
  return { text, data };
}

const dollars = (value: number | null): string => (value === null ? 'unknown' : `$${value.toFixed(4)}`);

/** What a thousand such calls cost where they start: the policy's own tier if it always is the same, else the cheapest. */
// biome-ignore lint/suspicious/noExplicitAny: a route as plain data.
function priceOf(route: any, { input, output }: TypicalCall): number | null {
  const named = route?.policy?.kind === 'static' ? route.policy.tier : undefined;
  const tier = route?.tiers?.find(({ name }: { name: string }) => name === named) ?? route?.tiers?.[0];
  const { model, via } = tier?.deployments?.[0] ?? tier ?? {};
  if (typeof model !== 'string') return null;
  const most = typeof tier.maxTokens === 'number' ? Math.min(output, tier.maxTokens) : output;
  for (const provider of [via, 'openai', 'anthropic']) {
    const price = catalog().find({ provider: String(provider), host: '', model, at: Date.now() });
    const cost = price && costOf({ ...unknownUsage, inputTokens: input, outputTokens: most }, price);
    if (cost?.totalPico != null) return usd(cost.totalPico * 1_000);
  }
  return null;
}
