/**
 * From usage to cost. Money inside is whole pico-USD (1e-12 USD) as a number: exact up to 9,007 USD, so that sums of it
 * are, and a cost is rounded once, at its end. Rates are USD per million tokens, fees USD per thousand calls or per
 * minute, as providers publish them.
 */
import { isKnown, type Served, type Usage } from './usage.ts';
import type { CostSource, CostStatus } from './vocabulary.ts';

/** USD per million tokens of each class. A class without a rate is unknown, not free. */
export interface Rates {
  /** Input neither read from nor written to the cache. */
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  /** Anthropic's one-hour cache. Where absent, `cacheWrite` holds for it too. */
  readonly cacheWrite1h?: number;
  /** OpenAI's twelve-hour cache. Where absent, `cacheWrite` holds for it too. */
  readonly cacheWrite12h?: number;
  /** Sound and images read from the cache. */
  readonly cacheReadAudio?: number;
  readonly cacheReadImage?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
  /** Where absent, an image's tokens are input like any other. */
  readonly imageInput?: number;
  /** Where absent, an image's tokens are output like any other. */
  readonly imageOutput?: number;
}

/** Rates for the whole request from that many input tokens on; a class not named keeps its rate below. */
export interface Band extends Rates {
  readonly inputTokens: number;
}

/** What is not billed by the token. */
export interface Fees {
  /** USD per thousand calls. */
  readonly webSearch?: number;
  readonly fileSearch?: number;
  /** USD per minute. */
  readonly audioMinute?: number;
}

/** The rates of a service tier, whole: a class it does not name is unknown in that tier. */
export interface TierRates extends Rates {
  readonly above?: readonly Band[];
}

/** Rates that hold at certain hours of the days from Monday to Friday. */
export interface Peak extends Rates {
  /** UTC: `01:00-04:00`. */
  readonly hours: readonly string[];
}

/** What one model costs at one time, in every way it can be served. */
export interface Offer extends Rates, Fees {
  readonly above?: readonly Band[];
  readonly peak?: Peak;
  readonly tiers?: Readonly<Record<string, TierRates>>;
  /** What is billed on top by something that no answer tells: a fee by the size of what was searched. */
  readonly unmetered?: readonly string[];
  /** What the tokens cost more in a region: a factor, 1.1. */
  readonly regions?: Readonly<Record<string, number>>;
}

export interface Price extends Offer {
  /** Where the rates come from. */
  readonly source: string;
  /** The catalog or file they stand in. */
  readonly version: string;
}

export interface Cost {
  readonly status: CostStatus;
  /** Sum of the parts that are known; null when none is. */
  readonly totalPico: number | null;
  /** Input neither read from nor written to the cache; of every modality, and audio billed by its length. */
  readonly inputPico: number | null;
  readonly cacheReadPico: number | null;
  readonly cacheWritePico: number | null;
  readonly outputPico: number | null;
  /** Web and file searches; null when there were none, or their price is unknown. */
  readonly toolsPico: number | null;
  /** Inferences that the provider made on the way with models of their own; null when there were none. */
  readonly nestedPico: number | null;
  /** What was used and has no price, or whose number is unknown. */
  readonly missing: readonly string[];
  readonly priceVersion: string | null;
  /** Who says so; null when nobody does. */
  readonly source: CostSource | null;
}

const unpriced = (missing: readonly string[], priceVersion: string | null = null): Cost => ({
  status: 'unpriced',
  totalPico: null,
  inputPico: null,
  cacheReadPico: null,
  cacheWritePico: null,
  outputPico: null,
  toolsPico: null,
  nestedPico: null,
  missing,
  priceVersion,
  source: null,
});

/** Tiers that are the standard one by another name. */
const standard = new Set(['default', 'standard', 'auto', 'on_demand']);

/** OpenAI's names before and after it renamed one. */
const sameTier: Readonly<Record<string, string>> = { fast: 'priority' };

/** What the tokens cost at that price. Pure and total; without a price or without any tokens known, `unpriced`. */
export function costOf(usage: Usage, price: Price | undefined, served: Served = {}): Cost {
  if (price === undefined) return unpriced(['price']);
  if (!isKnown(usage)) return unpriced(['usage'], price.version);
  const missing: string[] = [];
  const { tier, region } = served;
  const hasTier = tier !== undefined && !standard.has(tier);
  const inTier = hasTier ? (price.tiers?.[tier] ?? price.tiers?.[sameTier[tier] ?? '']) : undefined;
  // A tier nobody has a price for: the standard one's, and said so.
  if (hasTier && inTier === undefined) missing.push(`tier ${tier}`);
  const rates = inBand(inTier ?? price, usage.inputTokens ?? 0);
  const factor = (region !== undefined && price.regions?.[region]) || 1;
  // A region nobody has a price for, of a model that has prices by region.
  if (region !== undefined && price.regions && price.regions[region] === undefined) missing.push(`region ${region}`);

  const bill = new Bill(factor, missing);
  const read = usage.cacheReadTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  const written1h = Math.min(usage.cacheWrite1hTokens ?? 0, written);
  const written12h = Math.min(usage.cacheWrite12hTokens ?? 0, written - written1h);
  const sound = usage.audioInputTokens ?? 0;
  const images = rates.imageInput === undefined ? 0 : (usage.imageInputTokens ?? 0);
  const readImages = Math.min(usage.cacheReadImageTokens ?? 0, read, images);
  // More in parts than in all: some of the sound is counted twice, as sound and as read from the cache.
  const twice = Math.max(0, read + written + sound + images - readImages - (usage.inputTokens ?? 0));
  const readSound = Math.min(Math.max(usage.cacheReadAudioTokens ?? 0, twice), read - readImages, sound);
  const audioIn = sound - readSound;
  const imageIn = images - readImages;
  const audioOut = usage.audioOutputTokens ?? 0;
  const imageOut = rates.imageOutput === undefined ? 0 : (usage.imageOutputTokens ?? 0);
  // Audio billed by its length alone has no tokens, or none that have a price, and an embedding no output.
  const isByLength =
    usage.audioSeconds !== undefined &&
    (usage.inputTokens === null || (price.audioMinute !== undefined && rates.input === undefined));
  const hasNoOutput =
    usage.outputTokens === null ? isByLength || rates.output === undefined : isByLength && rates.output === undefined;
  const fresh = usage.inputTokens === null ? null : Math.max(0, usage.inputTokens - read - written - audioIn - imageIn);
  const text = usage.outputTokens === null ? null : Math.max(0, usage.outputTokens - audioOut - imageOut);

  bill.addFee(usage.audioSeconds, price.audioMinute, 60, 'audioMinute');
  if (!isByLength) bill.add(fresh, rates.input, 'input');
  bill.add(audioIn, rates.audioInput, 'audioInput');
  bill.add(imageIn, rates.imageInput, 'imageInput');
  const inputPico = bill.part();
  bill.add(read - readSound - readImages, rates.cacheRead, 'cacheRead');
  bill.add(readSound, rates.cacheReadAudio, 'cacheReadAudio');
  bill.add(readImages, rates.cacheReadImage, 'cacheReadImage');
  const cacheReadPico = bill.part();
  bill.add(written - written1h - written12h, rates.cacheWrite, 'cacheWrite');
  bill.add(written1h, rates.cacheWrite1h ?? rates.cacheWrite, 'cacheWrite1h');
  bill.add(written12h, rates.cacheWrite12h ?? rates.cacheWrite, 'cacheWrite12h');
  const cacheWritePico = bill.part();
  if (!hasNoOutput) bill.add(text, rates.output, 'output');
  bill.add(audioOut, rates.audioOutput, 'audioOutput');
  bill.add(imageOut, rates.imageOutput, 'imageOutput');
  const outputPico = bill.part();
  bill.addFee(usage.webSearches, price.webSearch, 1_000, 'webSearch');
  bill.addFee(usage.fileSearches, price.fileSearch, 1_000, 'fileSearch');
  const toolsPico = bill.part();
  if (usage.unmetered) missing.push(...usage.unmetered);
  if (price.unmetered) missing.push(...price.unmetered);

  // Nothing but zeros beside something unknown is no floor worth the name.
  if (missing.length > 0 && bill.isNothing) return unpriced(missing, price.version);
  return {
    status: missing.length === 0 ? 'priced' : 'partial',
    totalPico: bill.pico,
    inputPico,
    cacheReadPico,
    cacheWritePico,
    outputPico,
    toolsPico: usage.webSearches || usage.fileSearches ? toolsPico : null,
    nestedPico: null,
    missing,
    priceVersion: price.version,
    source: 'local',
  };
}

/** Adds a cost up, one part after the other. Nothing is rounded before its end: whole pico-USD and millionths of one. */
class Bill {
  #whole = 0;
  #millionths = 0;
  /** Of the part that is being added up; that is unknown when anything of it is. */
  #partWhole = 0;
  #partMillionths = 0;
  #isPartKnown = true;
  /** What the tokens cost more where they were computed. */
  readonly #factor: number;
  /** What has no price, or whose number is unknown. */
  readonly #missing: string[];

  constructor(factor: number, missing: string[]) {
    this.#factor = factor;
    this.#missing = missing;
  }

  add(tokens: number | null, rate: number | undefined, name: string): void {
    if (tokens === 0) return;
    if (tokens === null || rate === undefined) {
      this.#isMissing(name);
      return;
    }
    const count = Math.max(0, Math.round(tokens));
    const each = Math.round(rate * 1e6);
    // As nearly always: a token costs whole pico-USD.
    if (this.#factor === 1 && each / 1e6 === rate) this.#partWhole += count * each;
    else this.#addMillionths((BigInt(count) * picoOf(rate) * picoOf(this.#factor)) / 1_000_000_000_000n);
  }

  addFee(count: number | undefined, each: number | undefined, per: number, name: string): void {
    if (!count) return;
    if (each === undefined) this.#isMissing(name);
    else this.#addMillionths((BigInt(Math.round(count * 1_000)) * picoOf(each) * 1_000n) / BigInt(per));
  }

  #addMillionths(millionths: bigint): void {
    this.#partWhole += Number(millionths / 1_000_000n);
    this.#partMillionths += Number(millionths % 1_000_000n);
  }

  #isMissing(name: string): void {
    this.#missing.push(name);
    this.#isPartKnown = false;
  }

  /** Ends a part and begins the next. @returns pico-USD, null when unknown. */
  part(): number | null {
    const pico = this.#isPartKnown ? rounded(this.#partWhole, this.#partMillionths) : null;
    this.#whole += this.#partWhole;
    this.#millionths += this.#partMillionths;
    this.#partWhole = 0;
    this.#partMillionths = 0;
    this.#isPartKnown = true;
    return pico;
  }

  get isNothing(): boolean {
    return this.#whole === 0 && this.#millionths === 0;
  }

  /** Of all parts together. */
  get pico(): number {
    return rounded(this.#whole, this.#millionths);
  }
}

/** Half up. */
const rounded = (whole: number, millionths: number): number =>
  millionths === 0 ? whole : whole + Math.floor((millionths + 500_000) / 1_000_000);

const partNames = ['inputPico', 'cacheReadPico', 'cacheWritePico', 'outputPico', 'toolsPico', 'nestedPico'] as const;

/** What several inferences cost together. Unknown parts make it `partial`; when all are unknown it is `unpriced`. */
export function sumCosts(costs: readonly Cost[]): Cost {
  const add = (name: 'totalPico' | (typeof partNames)[number]): number | null => {
    let sum: number | null = null;
    for (const { [name]: part } of costs) if (part !== null) sum = (sum ?? 0) + part;
    return sum;
  };
  const totalPico = add('totalPico');
  const missing = [...new Set(costs.flatMap((cost) => cost.missing))];
  const versions = new Set(costs.map((cost) => cost.priceVersion).filter((version) => version !== null));
  const priceVersion = versions.size === 0 ? null : [...versions].join(' ');
  if (totalPico === null) return unpriced(missing, priceVersion);
  const parts = Object.fromEntries(partNames.map((name) => [name, add(name)])) as Pick<
    Cost,
    (typeof partNames)[number]
  >;
  return {
    status: costs.every((cost) => cost.status === 'priced') ? 'priced' : 'partial',
    totalPico,
    ...parts,
    missing,
    priceVersion,
    source: costs.every(({ source }) => source !== 'local') ? 'provider' : 'local',
  };
}

/**
 * What an answer cost as it says itself: that is what will be billed. The parts stay where they add up to it.
 * @param worked what we work out
 */
export function asSaid(worked: Cost, saidPico: number): Cost {
  if (worked.status === 'priced' && worked.totalPico === saidPico) return { ...worked, source: 'provider' };
  return { ...unpriced([]), status: 'priced', totalPico: saidPico, source: 'provider' };
}

/** The cost of an inference made on the way, as a part of the cost of the one it was made for. */
export const asNested = (cost: Cost): Cost => ({
  ...cost,
  inputPico: null,
  cacheReadPico: null,
  cacheWritePico: null,
  outputPico: null,
  toolsPico: null,
  nestedPico: cost.totalPico,
});

/** USD as the double whose shortest text is the exact decimal, up to 999 USD: what a span attribute carries. */
export const usd = (pico: number): number => pico / 1e12; // of exact doubles IEEE division is the decimal's own double

function inBand(rates: TierRates, inputTokens: number): Rates {
  let reached: Band | undefined;
  for (const band of rates.above ?? [])
    if (inputTokens >= band.inputTokens && band.inputTokens >= (reached?.inputTokens ?? 0)) reached = band;
  return reached ? { ...rates, ...reached } : rates;
}

/** An app's models have a handful of rates. */
const knownRates = new Map<number, bigint>();
const remembered = 1_000;

/** Pico-USD of an amount in USD: of a million tokens, a thousand calls, a minute. */
function picoOf(usdAmount: number): bigint {
  let pico = knownRates.get(usdAmount);
  if (pico === undefined) {
    pico = exactPico(usdAmount);
    if (knownRates.size < remembered) knownRates.set(usdAmount, pico);
  }
  return pico;
}

/** Pico-USD of any amount in USD. Published ones have at most a dozen decimals; the text of the double has them all. */
export function exactPico(usdAmount: number): bigint {
  const [mantissa = '0', exponent = '0'] = String(usdAmount).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const places = 12 + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places);
}
