/** What an answer itself says it cost: OpenRouter, Perplexity, xAI and gateways that pass it on. */
import { exactPico } from '@routescope/conventions';
import { asCount, asJson, asNumber, type Json } from '../facts.ts';

/** USD. Nobody's single answer costs more; a larger number is something else. */
const most = 1_000_000;
/** xAI's unit is a ten-billionth of a USD. */
const picoPerTick = 100;

/** Pico-USD of an amount in USD, as a number or its text; undefined when it is none. */
export function saidPico(amount: unknown): number | undefined {
  const usd = asNumber(typeof amount === 'string' && amount.trim() !== '' ? Number(amount) : amount);
  return usd !== null && usd >= 0 && usd <= most ? Number(exactPico(usd)) : undefined;
}

/** @param usage as it stands in the answer. */
export function saidCostOf(usage: Json): number | undefined {
  const ticks = asCount(usage['cost_in_usd_ticks']);
  if (ticks !== undefined) return ticks * picoPerTick;
  const { cost } = usage;
  if (cost === undefined || cost === null) return undefined;
  const said = saidPico(typeof cost === 'object' ? asJson(cost)['total_cost'] : cost);
  // With a key of one's own at OpenRouter, `cost` is its fee, and the model's maker sends a bill of its own.
  const upstream =
    usage['is_byok'] === true ? saidPico(asJson(usage['cost_details'])['upstream_inference_cost']) : undefined;
  return said !== undefined && upstream !== undefined ? said + upstream : said;
}
