/**
 * The provider's own price list: typed by hand from the vendors' published list prices, USD per million tokens, and
 * counted with its own arithmetic. Nothing of the product is imported, so that the two can disagree.
 */

interface Line {
  readonly input: string;
  readonly output: string;
  readonly cacheRead?: string;
  readonly cacheWrite?: string;
  readonly cacheWrite1h?: string;
  /** For the whole request from this many input tokens on. */
  readonly long?: Line & { readonly from: number };
  /** The same in other service tiers; a tier that is not here has no price. */
  readonly tiers?: Readonly<Record<string, Line>>;
  /** Tokens computed in the US only cost a tenth more. */
  readonly dearerInUs?: true;
}

/** Half the price for a line of Anthropic's, whose answer came in a batch. */
const batched = (input: string, output: string, cacheRead: string, cacheWrite: string, cacheWrite1h: string) => ({
  tiers: { batch: { input, output, cacheRead, cacheWrite, cacheWrite1h } },
});

const opus3: Line = { input: '15', output: '75', cacheRead: '1.5', cacheWrite: '18.75', cacheWrite1h: '30' };
const opus: Line = {
  input: '5',
  output: '25',
  cacheRead: '0.5',
  cacheWrite: '6.25',
  cacheWrite1h: '10',
  ...batched('2.5', '12.5', '0.25', '3.125', '5'),
};
const opus46: Line = { ...opus, dearerInUs: true };
const opus48: Line = {
  ...opus46,
  tiers: {
    ...opus.tiers,
    fast: { input: '10', output: '50', cacheRead: '1', cacheWrite: '12.5', cacheWrite1h: '20' },
  },
};
const sonnet: Line = { input: '3', output: '15', cacheRead: '0.3', cacheWrite: '3.75', cacheWrite1h: '6' };
const sonnetBatch = batched('1.5', '7.5', '0.15', '1.875', '3');
const sonnetLong: Line = {
  ...sonnet,
  ...sonnetBatch,
  long: { from: 200_001, input: '6', output: '22.5', cacheRead: '0.6', cacheWrite: '7.5', cacheWrite1h: '12' },
};

const list: Readonly<Record<string, Line>> = {
  'gpt-4o': {
    input: '2.5',
    output: '10',
    cacheRead: '1.25',
    tiers: { priority: { input: '4.25', output: '17', cacheRead: '2.125' } },
  },
  'gpt-4o-mini': {
    input: '0.15',
    output: '0.6',
    cacheRead: '0.075',
    tiers: { priority: { input: '0.25', output: '1', cacheRead: '0.125' } },
  },
  'gpt-4.1': {
    input: '2',
    output: '8',
    cacheRead: '0.5',
    tiers: { priority: { input: '3.5', output: '14', cacheRead: '0.875' } },
  },
  'gpt-4.1-mini': { input: '0.4', output: '1.6', cacheRead: '0.1' },
  'gpt-4.1-nano': { input: '0.1', output: '0.4', cacheRead: '0.025' },
  'gpt-4.1-nano-2025-04-14': { input: '0.1', output: '0.4', cacheRead: '0.025' },
  'gpt-5': {
    input: '1.25',
    output: '10',
    cacheRead: '0.125',
    tiers: {
      flex: { input: '0.625', output: '5', cacheRead: '0.0625' },
      priority: { input: '2.5', output: '20', cacheRead: '0.25' },
    },
  },
  'gpt-5-mini': {
    input: '0.25',
    output: '2',
    cacheRead: '0.025',
    tiers: {
      flex: { input: '0.125', output: '1', cacheRead: '0.0125' },
      priority: { input: '0.45', output: '3.6', cacheRead: '0.045' },
    },
  },
  'gpt-5-nano': { input: '0.05', output: '0.4', cacheRead: '0.005' },
  'o3-mini': { input: '1.1', output: '4.4', cacheRead: '0.55' },
  'claude-3-haiku-20240307': {
    input: '0.25',
    output: '1.25',
    cacheRead: '0.03',
    cacheWrite: '0.3',
    cacheWrite1h: '0.5',
  },
  'claude-3-5-haiku-20241022': { input: '0.8', output: '4', cacheRead: '0.08', cacheWrite: '1', cacheWrite1h: '1.6' },
  'claude-haiku-4-5-20251001': {
    input: '1',
    output: '5',
    cacheRead: '0.1',
    cacheWrite: '1.25',
    cacheWrite1h: '2',
    ...batched('0.5', '2.5', '0.05', '0.625', '1'),
  },
  'claude-3-5-sonnet-20241022': sonnet,
  'claude-3-7-sonnet-20250219': sonnet,
  'claude-sonnet-4-20250514': sonnet,
  'claude-sonnet-4-5-20250929': sonnetLong,
  'claude-sonnet-4-6': { ...sonnet, ...sonnetBatch, dearerInUs: true },
  'claude-opus-4-20250514': opus3,
  'claude-opus-4-1-20250805': opus3,
  'claude-opus-4-5-20251101': opus,
  'claude-opus-4-6': opus46,
  'claude-opus-4-7': opus46,
  'claude-opus-4-8': opus48,
  'claude-fable-5': {
    input: '10',
    output: '50',
    cacheRead: '1',
    cacheWrite: '12.5',
    cacheWrite1h: '20',
    ...batched('5', '25', '0.5', '6.25', '10'),
    dearerInUs: true,
  },
};

export interface Tokens {
  /** All of the input, cache included. */
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead: bigint;
  readonly cacheWrite: bigint;
  /** Part of `cacheWrite`. */
  readonly cacheWrite1h: bigint;
}

/** Millionths of a pico-USD: the rate of one token is a whole number of them. */
const rate = (usdPerMillion: string | undefined): bigint | undefined => {
  if (usdPerMillion === undefined) return undefined;
  const [whole = '0', fraction = ''] = usdPerMillion.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
};

/** What one model did for an answer, and on what terms. */
export interface Charge {
  readonly model: string;
  readonly tokens: Tokens;
  /** As the answer says it; absent for the standard one. */
  readonly tier?: string | undefined;
  readonly isInUs?: boolean;
}

const standardTiers = new Set(['standard', 'default', 'auto', 'on_demand']);

/** Ten USD per thousand, for both vendors. */
const picoPerSearch = 10_000_000_000n;

/** Pico-USD of one charge, rounded half up once; undefined when the list does not have the model or a rate it needs. */
function chargePico({ model, tokens, tier, isInUs }: Charge): bigint | undefined {
  const listed = list[model];
  const line = tier === undefined || standardTiers.has(tier) ? listed : listed?.tiers?.[tier];
  if (listed === undefined || line === undefined) return undefined;
  const { input, output, cacheRead, cacheWrite, cacheWrite1h } =
    line.long && tokens.input >= BigInt(line.long.from) ? line.long : line;
  const parts: readonly (readonly [bigint, bigint | undefined])[] = [
    [tokens.input - tokens.cacheRead - tokens.cacheWrite, rate(input)],
    [tokens.output, rate(output)],
    [tokens.cacheRead, rate(cacheRead)],
    [tokens.cacheWrite - tokens.cacheWrite1h, rate(cacheWrite)],
    [tokens.cacheWrite1h, rate(cacheWrite1h)],
  ];
  let sum = 0n;
  for (const [count, each] of parts) {
    if (count === 0n) continue;
    if (each === undefined) return undefined;
    sum += count * each;
  }
  if (isInUs && listed.dearerInUs) sum = (sum * 11n) / 10n;
  return (sum + 500_000n) / 1_000_000n;
}

/** Pico-USD of an answer: what each model did for it, and the searches; undefined when any of it has no price here. */
export function billPico(charges: readonly Charge[], searches: bigint): bigint | undefined {
  let sum = searches * picoPerSearch;
  for (const charge of charges) {
    const pico = chargePico(charge);
    if (pico === undefined) return undefined;
    sum += pico;
  }
  return sum;
}
