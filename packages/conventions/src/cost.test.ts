import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asNested, type Cost, costOf, type Price, sumCosts, usd } from './cost.ts';
import { type Usage, unknownUsage } from './usage.ts';

const price = (rates: Partial<Price>): Price => ({ source: 'test', version: 'v1', ...rates });
const used = (usage: Partial<Usage>): Usage => ({ ...unknownUsage, ...usage });
const total = (cost: Cost): number | null => (cost.totalPico === null ? null : usd(cost.totalPico));

test('sound read from the cache is not paid for twice, also when nobody says how much of it was', () => {
  const rates = price({ input: 4, cacheRead: 0.4, cacheReadAudio: 0.8, audioInput: 32, output: 16 });
  const sound = { inputTokens: 1_000, outputTokens: 0, cacheReadTokens: 600, audioInputTokens: 700 };
  // Of 600 read from the cache at least 300 were sound: (300 × 0.4 + 300 × 0.8 + 400 × 32) millionths.
  expect(costOf(used(sound), rates).totalPico).toBe(13_160_000_000);
  expect(costOf(used({ ...sound, cacheReadAudioTokens: 500 }), rates).totalPico).toBe(7_640_000_000);
});

describe('what tokens cost', () => {
  test('input without the cache, cache reads, both kinds of writes and output each have their rate', () => {
    const cost = costOf(
      used({
        inputTokens: 1_000,
        cacheReadTokens: 300,
        cacheWriteTokens: 200,
        cacheWrite1hTokens: 50,
        outputTokens: 100,
        reasoningTokens: 80,
      }),
      price({ input: 3, cacheRead: 0.3, cacheWrite: 3.75, cacheWrite1h: 6, output: 15 }),
    );
    expect(cost).toMatchObject({
      status: 'priced',
      inputPico: 1_500_000_000,
      cacheReadPico: 90_000_000,
      cacheWritePico: 862_500_000,
      outputPico: 1_500_000_000,
      missing: [],
      priceVersion: 'v1',
    });
    expect(total(cost)).toBe(0.0039525);
  });

  test('the sum is rounded once, at its end', () => {
    const third = costOf(
      used({ inputTokens: 1, outputTokens: 1, cacheReadTokens: 0 }),
      price({ input: 0.0000004, output: 0.0000004 }),
    );
    expect(third).toMatchObject({ inputPico: 0, outputPico: 0, totalPico: 1 });
  });

  test('a long request is priced whole by the band it reaches', () => {
    const banded = price({
      input: 3,
      output: 15,
      cacheRead: 0.3,
      above: [{ inputTokens: 200_001, input: 6, output: 22.5 }],
    });
    expect(total(costOf(used({ inputTokens: 200_000, outputTokens: 0 }), banded))).toBe(0.6);
    expect(total(costOf(used({ inputTokens: 200_001, outputTokens: 10 }), banded))).toBe(1.200231);
    expect(total(costOf(used({ inputTokens: 300_000, cacheReadTokens: 100_000, outputTokens: 0 }), banded))).toBe(1.23);
  });

  test('a one-hour write without a rate of its own costs what a write costs', () => {
    expect(
      total(
        costOf(
          used({ inputTokens: 10, cacheWriteTokens: 10, cacheWrite1hTokens: 10, outputTokens: 0 }),
          price({ input: 1, output: 1, cacheWrite: 2 }),
        ),
      ),
    ).toBe(0.00002);
  });
});

describe('how it was served', () => {
  const tiered = price({
    input: 2,
    output: 8,
    cacheRead: 0.5,
    tiers: {
      priority: { input: 3.5, output: 14, cacheRead: 0.875, above: [{ inputTokens: 1_000_000, input: 7 }] },
      batch: { input: 1, output: 4 },
    },
    regions: { us: 1.1 },
    webSearch: 10,
    fileSearch: 2.5,
  });
  const tokens = used({ inputTokens: 1_000, outputTokens: 100 });

  test.each([
    [undefined, 0.0028],
    ['default', 0.0028],
    ['standard', 0.0028],
    ['on_demand', 0.0028],
    ['priority', 0.0049],
    ['batch', 0.0014],
  ])('tier %s costs %d', (tier, expected) => {
    const cost = costOf(tokens, tiered, { tier });
    expect([cost.status, total(cost)]).toEqual(['priced', expected]);
  });

  test('a tier has its own bands, and no rate but its own', () => {
    expect(total(costOf(used({ inputTokens: 1_000_000, outputTokens: 0 }), tiered, { tier: 'priority' }))).toBe(7);
    expect(
      costOf(used({ inputTokens: 1_000, cacheReadTokens: 500, outputTokens: 0 }), tiered, { tier: 'batch' }),
    ).toMatchObject({ status: 'partial', missing: ['cacheRead'], totalPico: 500_000_000 });
  });

  test('a tier without a price is priced as the standard one, and says that it is not that', () => {
    expect(costOf(tokens, tiered, { tier: 'ultrafast' })).toMatchObject({
      status: 'partial',
      missing: ['tier ultrafast'],
      totalPico: 2_800_000_000,
    });
  });

  test('a region makes tokens dearer where it has a price, and searches never', () => {
    expect(total(costOf(tokens, tiered, { region: 'us' }))).toBe(0.00308);
    expect(total(costOf(tokens, tiered, { region: 'eu' }))).toBe(0.0028);
    expect(total(costOf({ ...tokens, webSearches: 2 }, tiered, { region: 'us', tier: 'priority' }))).toBe(0.02539);
  });

  test('searches are a part of their own', () => {
    expect(costOf({ ...tokens, webSearches: 3, fileSearches: 1 }, tiered)).toMatchObject({
      status: 'priced',
      toolsPico: 32_500_000_000,
      totalPico: 35_300_000_000,
    });
    expect(costOf({ ...tokens, webSearches: 0 }, price({ input: 1, output: 1 }))).toMatchObject({
      status: 'priced',
      toolsPico: null,
    });
    expect(costOf({ ...tokens, webSearches: 1 }, price({ input: 1, output: 1 }))).toMatchObject({
      status: 'partial',
      missing: ['webSearch'],
      toolsPico: null,
    });
  });

  test('what cannot be counted from the answer makes the cost a floor, and is named', () => {
    expect(costOf({ ...tokens, unmetered: ['code_interpreter_call'] }, tiered)).toMatchObject({
      status: 'partial',
      missing: ['code_interpreter_call'],
      totalPico: 2_800_000_000,
    });
  });
});

describe('modalities', () => {
  test('audio has rates of its own or is unknown; images have them or are tokens like any other', () => {
    const usage = used({
      inputTokens: 1_000,
      audioInputTokens: 600,
      imageInputTokens: 100,
      outputTokens: 500,
      audioOutputTokens: 400,
      imageOutputTokens: 0,
    });
    expect(total(costOf(usage, price({ input: 2.5, output: 10, audioInput: 40, audioOutput: 80 })))).toBe(0.058);
    expect(
      total(costOf(usage, price({ input: 2.5, output: 10, audioInput: 40, audioOutput: 80, imageInput: 5 }))),
    ).toBe(0.05825);
    expect(costOf(usage, price({ input: 2.5, output: 10 }))).toMatchObject({
      status: 'partial',
      missing: ['audioInput', 'audioOutput'],
      inputPico: null,
      outputPico: null,
    });
  });

  test('an image model is paid by what it was shown and what it drew', () => {
    const usage = used({ inputTokens: 120, imageInputTokens: 100, outputTokens: 1_000, imageOutputTokens: 1_000 });
    expect(total(costOf(usage, price({ input: 5, imageInput: 10, imageOutput: 40 })))).toBe(0.0411);
  });

  test('an embedding has no output, and audio may be billed by its length alone', () => {
    expect(costOf(used({ inputTokens: 1_000 }), price({ input: 0.02 }))).toMatchObject({
      status: 'priced',
      totalPico: 20_000_000,
    });
    expect(costOf(used({ audioSeconds: 37 }), price({ audioMinute: 0.006 }))).toMatchObject({
      status: 'priced',
      inputPico: 3_700_000_000,
      totalPico: 3_700_000_000,
    });
    expect(costOf(used({ audioSeconds: 1.5 }), price({ audioMinute: 0.006 })).totalPico).toBe(150_000_000);
    expect(costOf(used({ audioSeconds: 37 }), price({ input: 1, output: 1 })).status).toBe('unpriced');
  });

  test('a twelve-hour write costs its own rate, or what a write costs', () => {
    const usage = used({ inputTokens: 10, cacheWriteTokens: 10, cacheWrite12hTokens: 4, outputTokens: 0 });
    expect(total(costOf(usage, price({ input: 1, output: 1, cacheWrite: 2.5, cacheWrite12h: 5 })))).toBe(0.000035);
    expect(total(costOf(usage, price({ input: 1, output: 1, cacheWrite: 2.5 })))).toBe(0.000025);
  });
});

describe('what is unknown', () => {
  test('without a price, or without any tokens, the cost is null and unpriced, never 0', () => {
    expect(costOf(used({ inputTokens: 5, outputTokens: 5 }), undefined)).toMatchObject({
      status: 'unpriced',
      totalPico: null,
    });
    expect(costOf(unknownUsage, price({ input: 1, output: 1 }))).toMatchObject({
      status: 'unpriced',
      totalPico: null,
      missing: ['usage'],
    });
  });

  test('a class of tokens without a rate makes the cost a floor, and is named', () => {
    expect(
      costOf(used({ inputTokens: 10, cacheReadTokens: 5, outputTokens: 5 }), price({ input: 1, output: 1 })),
    ).toMatchObject({ status: 'partial', missing: ['cacheRead'], totalPico: 10_000_000 });
    expect(costOf(used({ inputTokens: 10 }), price({ input: 1, output: 1 }))).toMatchObject({
      status: 'partial',
      missing: ['output'],
    });
  });

  test('no tokens at all cost nothing, and that is known', () => {
    expect(costOf(used({ inputTokens: 0, outputTokens: 0 }), price({}))).toMatchObject({
      status: 'priced',
      totalPico: 0,
    });
  });

  test('a call of which one attempt is unknown costs at least the others', () => {
    const known = costOf(used({ inputTokens: 10, outputTokens: 0 }), price({ input: 1, output: 1 }));
    const unknown = costOf(unknownUsage, undefined);
    expect(sumCosts([known, unknown])).toMatchObject({ status: 'partial', totalPico: 10_000_000 });
    expect(sumCosts([unknown, unknown])).toMatchObject({ status: 'unpriced', totalPico: null });
    expect(sumCosts([known, known])).toMatchObject({ status: 'priced', totalPico: 20_000_000 });
    expect(sumCosts([known, asNested(known)])).toMatchObject({
      totalPico: 20_000_000,
      inputPico: 10_000_000,
      nestedPico: 10_000_000,
    });
    expect(sumCosts([known, asNested(unknown)])).toMatchObject({ status: 'partial', nestedPico: null });
  });
});

const tokens = fc.integer({ min: 0, max: 10_000_000 });
const rate = fc.integer({ min: 0, max: 100_000_000 }).map((micro) => micro / 1e6);
const full = fc.record({ input: rate, output: rate, cacheRead: rate, cacheWrite: rate }).map((rates) => price(rates));

describe('laws', () => {
  test('a cost is never negative, and is the sum of its parts to within their rounding', () => {
    fc.assert(
      fc.property(
        tokens,
        tokens,
        tokens,
        tokens,
        full,
        (inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, rates) => {
          const cost = costOf(used({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens }), rates);
          const parts = [cost.inputPico, cost.outputPico, cost.cacheReadPico, cost.cacheWritePico].map(
            (part) => part ?? 0,
          );
          const sum = parts.reduce((all, part) => all + part, 0);
          const off = sum - (cost.totalPico ?? 0);
          return cost.status === 'priced' && parts.every((part) => part >= 0) && off <= 4 && off >= -4;
        },
      ),
    );
  });

  test('whatever the rates and the region, a cost is the exact one, rounded once and half up', () => {
    const digits = fc.tuple(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 3, max: 10 }));
    const million = fc.integer({ min: 0, max: 1_000_000 });
    const share = (count: number, [mantissa, places]: [number, number], percent: number): bigint =>
      // In units of 1e-18 USD, of which everything here is a whole number.
      BigInt(count) * BigInt(mantissa) * 10n ** BigInt(10 - places) * BigInt(percent);
    fc.assert(
      fc.property(
        million,
        million,
        digits,
        digits,
        fc.constantFrom(100, 110, 125),
        (read, wrote, input, output, percent) => {
          const rates = price({
            input: Number(`${input[0]}e-${input[1]}`),
            output: Number(`${output[0]}e-${output[1]}`),
            regions: { there: percent / 100 },
          });
          const cost = costOf(used({ inputTokens: read, outputTokens: wrote }), rates, { region: 'there' });
          const exact = share(read, input, percent) + share(wrote, output, percent);
          return cost.totalPico === Number((exact + 500_000n) / 1_000_000n);
        },
      ),
    );
  });

  test('numbers that are no counts of tokens still give a cost, never below 0', () => {
    const odd = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
    fc.assert(
      fc.property(odd, odd, odd, odd, full, (inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, rates) => {
        const cost = costOf(used({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens }), rates);
        return cost.totalPico === null || cost.totalPico >= 0;
      }),
    );
  });

  test('twice the rates are twice the cost, and more tokens never cost less', () => {
    fc.assert(
      fc.property(tokens, tokens, fc.integer({ min: 0, max: 1_000 }), (inputTokens, outputTokens, more) => {
        const once = costOf(used({ inputTokens, outputTokens }), price({ input: 0.15, output: 0.6 })).totalPico ?? -1;
        const twice = costOf(used({ inputTokens, outputTokens }), price({ input: 0.3, output: 1.2 })).totalPico ?? -1;
        const larger =
          costOf(used({ inputTokens: inputTokens + more, outputTokens }), price({ input: 0.15, output: 0.6 }))
            .totalPico ?? -1;
        return twice === 2 * once && larger >= once;
      }),
    );
  });

  test('USD as a double prints as the exact decimal', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (number) => {
        const pico = number % 1e15;
        return BigInt(usd(pico).toFixed(12).replace('.', '')) === BigInt(pico);
      }),
    );
  });
});
