/** Usage as Anthropic's messages say it, and how they were served. */
import type { Nested, Served, Usage } from '@routescope/conventions';
import { asCount, asJson, asText, asTokens, type Json } from '../facts.ts';
import { saidCostOf } from './said-cost.ts';

/** Undefined when the answer has none. Anthropic counts fresh, read and written input apart; ours is their sum. */
export function usageOf(usage: Json): Usage | undefined {
  const fresh = asTokens(usage['input_tokens']);
  const output = asTokens(usage['output_tokens']);
  if (fresh === null && output === null) return undefined;
  const read = asTokens(usage['cache_read_input_tokens']);
  const { written, written1h } = writtenOf(usage);
  const tools = asJson(usage['server_tool_use']);
  return {
    inputTokens: fresh === null ? null : fresh + (read ?? 0) + (written ?? 0),
    outputTokens: output,
    cacheReadTokens: read,
    cacheWriteTokens: written,
    cacheWrite1hTokens: written1h,
    reasoningTokens: asTokens(asJson(usage['output_tokens_details'])['thinking_tokens']),
    webSearches: asCount(tools['web_search_requests']),
    webFetches: asCount(tools['web_fetch_requests']),
    // Billed as if another model had answered all along; how much less that is, the answer does not say.
    unmetered:
      asJson(asJson(usage['fallback_credit'])['status'])['type'] === 'redeemed' ? ['fallback_credit'] : undefined,
  };
}

/** A stream says how long what it begins with is kept, and later only how much there is: as long, if all of it was. */
function writtenOf(usage: Json): { written: number | null; written1h: number | null } {
  const parts = asJson(usage['cache_creation']);
  const for5m = asTokens(parts['ephemeral_5m_input_tokens']);
  const for1h = asTokens(parts['ephemeral_1h_input_tokens']);
  const sum = for5m === null && for1h === null ? null : (for5m ?? 0) + (for1h ?? 0);
  const written = asTokens(usage['cache_creation_input_tokens']) ?? sum;
  return { written, written1h: for1h && for5m === 0 ? written : for1h };
}

/** Regions that cost the same everywhere. */
const nowhere = new Set(['global', 'not_available']);

/** Tier, region, and the iterations: the answer's own one by one, and those that other models made. */
export function servedOf(usage: Json, total: Usage, model: string | undefined): Served | undefined {
  const tier = usage['speed'] === 'fast' ? 'fast' : asText(usage['service_tier']);
  const geo = asText(usage['inference_geo']);
  const region = geo === undefined || nowhere.has(geo) ? undefined : geo;
  const saidPico = saidCostOf(usage);
  const iterations = usage['iterations'];
  if (!Array.isArray(iterations))
    return tier || region || saidPico !== undefined ? { tier, region, saidPico } : undefined;

  const passes: Usage[] = [];
  const nested: Nested[] = [];
  for (const each of iterations) {
    const iteration = asJson(each);
    const tokens = usageOf(iteration);
    if (!tokens) continue;
    const by = asText(iteration['model']) ?? model ?? '';
    const isOwn = iteration['type'] === 'message' || iteration['type'] === 'fallback_message';
    // The total is of the model that answered: neither compactions nor advice nor a model that declined are in it.
    if (isOwn && by === (model ?? '')) passes.push(tokens);
    else nested.push({ model: by, usage: tokens });
  }
  return {
    tier,
    region,
    saidPico,
    passes: passes.length > 1 && isWhole(passes, total) ? withTools(passes, total) : undefined,
    nested,
  };
}

/** Whether the passes account for all of the answer; else it is priced as one. */
function isWhole(passes: readonly Usage[], total: Usage): boolean {
  const sum = (name: 'inputTokens' | 'outputTokens'): number =>
    passes.reduce((all, pass) => all + (pass[name] ?? 0), 0);
  return sum('inputTokens') === total.inputTokens && sum('outputTokens') === total.outputTokens;
}

/** Tools are counted for the answer, not for a pass. */
const withTools = ([first, ...rest]: readonly Usage[], { webSearches, unmetered }: Usage): Usage[] => [
  { ...(first as Usage), webSearches, unmetered },
  ...rest,
];
