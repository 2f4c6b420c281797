/**
 * From usage to cost. Money inside is whole pico-USD (1e-12 USD) as bigint: sums are exact, and a cost is rounded once,
 * at its end. Rates are USD per million tokens, as providers publish them.
 */
import type { Usage } from './usage.ts';
import type { CostStatus } from './vocabulary.ts';

/** USD per million tokens of each class. A class without a rate is unknown, not free. */
export interface Rates {
  /** Input neither read from nor written to the cache. */
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  /** Anthropic's one-hour cache. Where absent, `cacheWrite` holds for it too. */
  readonly cacheWrite1h?: number;
}

/** Rates for the whole request from that many input tokens on; a class not named keeps its rate below. */
export interface Band extends Rates {
  readonly inputTokens: number;
}

/** The rates of one model at one time. */
export interface Price extends Rates {
  readonly above?: readonly Band[];
  /** Where the rates come from. */
  readonly source: string;
  /** The catalog or file they stand in. */
  readonly version: string;
}

export interface Cost {
  readonly status: CostStatus;
  /** Sum of the parts that are known; null when none is. */
  readonly totalPico: bigint | null;
  readonly inputPico: bigint | null;
  readonly cacheReadPico: bigint | null;
  readonly cacheWritePico: bigint | null;
  readonly outputPico: bigint | null;
  /** Token classes that were used and have no rate, or whose tokens are unknown. */
  readonly missing: readonly string[];
  readonly priceVersion: string | null;
}

const unpriced = (missing: readonly string[], priceVersion: string | null = null): Cost => ({
  status: 'unpriced',
  totalPico: null,
  inputPico: null,
  cacheReadPico: null,
  cacheWritePico: null,
  outputPico: null,
  missing,
  priceVersion,
});

/** What the tokens cost at that price. Pure and total; without a price or without any tokens known, `unpriced`. */
export function costOf(usage: Usage, price: Price | undefined): Cost {
  if (price === undefined) return unpriced(['price']);
  if (usage.inputTokens === null && usage.outputTokens === null) return unpriced(['usage'], price.version);
  const rates = ratesFor(price, usage.inputTokens ?? 0);
  const read = usage.cacheReadTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  const written1h = Math.min(usage.cacheWrite1hTokens ?? 0, written);
  const fresh = usage.inputTokens === null ? null : Math.max(0, usage.inputTokens - read - written);

  const missing: string[] = [];
  const part = (name: string, tokens: number | null, rate: number | undefined): bigint | null => {
    if (tokens === 0) return 0n;
    if (tokens !== null && rate !== undefined) return BigInt(tokens) * picoPerMillion(rate);
    missing.push(name);
    return null;
  };
  const input = part('input', fresh, rates.input);
  const cacheRead = part('cacheRead', read, rates.cacheRead);
  const write5m = part('cacheWrite', written - written1h, rates.cacheWrite);
  const write1h = part('cacheWrite1h', written1h, rates.cacheWrite1h ?? rates.cacheWrite);
  const output = part('output', usage.outputTokens, rates.output);
  const cacheWrite = write5m === null || write1h === null ? null : write5m + write1h;

  const parts = [input, cacheRead, write5m, write1h, output];
  const used = [fresh, read, written - written1h, written1h, usage.outputTokens];
  const isKnown = parts.some((cost, index) => cost !== null && (used[index] !== 0 || missing.length === 0));
  if (!isKnown) return unpriced(missing, price.version);
  return {
    status: missing.length === 0 ? 'priced' : 'partial',
    totalPico: rounded(parts.reduce<bigint>((sum, cost) => sum + (cost ?? 0n), 0n)),
    inputPico: input === null ? null : rounded(input),
    cacheReadPico: cacheRead === null ? null : rounded(cacheRead),
    cacheWritePico: cacheWrite === null ? null : rounded(cacheWrite),
    outputPico: output === null ? null : rounded(output),
    missing,
    priceVersion: price.version,
  };
}

/** What several attempts cost together. Unknown parts make it `partial`; when all are unknown it is `unpriced`. */
export function sumCosts(costs: readonly Cost[]): Cost {
  const add = (pick: (cost: Cost) => bigint | null): bigint | null =>
    costs.reduce<bigint | null>((sum, cost) => {
      const part = pick(cost);
      return part === null ? sum : (sum ?? 0n) + part;
    }, null);
  const totalPico = add((cost) => cost.totalPico);
  const missing = [...new Set(costs.flatMap((cost) => cost.missing))];
  const versions = new Set(costs.map((cost) => cost.priceVersion).filter((version) => version !== null));
  const priceVersion = versions.size === 0 ? null : [...versions].join(' ');
  if (totalPico === null) return unpriced(missing, priceVersion);
  return {
    status: costs.every((cost) => cost.status === 'priced') ? 'priced' : 'partial',
    totalPico,
    inputPico: add((cost) => cost.inputPico),
    cacheReadPico: add((cost) => cost.cacheReadPico),
    cacheWritePico: add((cost) => cost.cacheWritePico),
    outputPico: add((cost) => cost.outputPico),
    missing,
    priceVersion,
  };
}

/** USD as the double whose shortest text is the exact decimal, up to 999 USD: what a span attribute carries. */
export function usd(pico: bigint): number {
  // Both sides are exact doubles, and IEEE division rounds correctly: the same double as the decimal's, much sooner.
  if (pico <= Number.MAX_SAFE_INTEGER) return Number(pico) / 1e12;
  const digits = pico.toString().padStart(13, '0');
  return Number(`${digits.slice(0, -12)}.${digits.slice(-12)}`);
}

function ratesFor(price: Price, inputTokens: number): Rates {
  const band = price.above
    ?.filter((candidate) => inputTokens >= candidate.inputTokens)
    .sort((a, b) => b.inputTokens - a.inputTokens)[0];
  return band ? { ...price, ...band } : price;
}

/** An app's models have a handful of rates. */
const knownRates = new Map<number, bigint>();
const remembered = 1_000;

function picoPerMillion(rateUsdPerMillion: number): bigint {
  let pico = knownRates.get(rateUsdPerMillion);
  if (pico === undefined) {
    pico = exactPico(rateUsdPerMillion);
    if (knownRates.size < remembered) knownRates.set(rateUsdPerMillion, pico);
  }
  return pico;
}

/** Pico-USD of a million tokens. Published rates have at most a dozen decimals; the text of the double has them all. */
function exactPico(rateUsdPerMillion: number): bigint {
  const [mantissa = '0', exponent = '0'] = String(rateUsdPerMillion).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const places = 12 + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
}

/** From pico-USD × tokens per million to pico-USD, half up. */
const rounded = (picoTimesMillion: bigint): bigint => (picoTimesMillion + 500_000n) / 1_000_000n;
