import { describe, expect, test } from 'vitest';
import { isCurrent, overrides } from './generate/prices.ts';
import { catalog, parsePrices, withPrices } from './prices.ts';

const at = Date.parse('2026-11-24');
const find = (provider: string, model: string, when = at) => catalog().find({ provider, model, at: when });

describe('the catalog', () => {
  test('is the generator’s output', () => {
    expect(isCurrent(), 'run npm run prices:update').toBe(true);
  });

  test.each([
    ['openai', 'gpt-4o-mini', { input: 0.15, output: 0.6, cacheRead: 0.075 }],
    ['openai', 'gpt-4o-mini-2024-07-18', { input: 0.15, output: 0.6 }],
    ['openai', 'gpt-4o', { input: 2.5, output: 10, cacheRead: 1.25 }],
    ['openai', 'gpt-4.1-nano-2025-04-14', { input: 0.1, output: 0.4, cacheRead: 0.025 }],
    ['openai', 'GPT-4o', { input: 2.5 }],
    [
      'anthropic',
      'claude-3-5-haiku-20241022',
      { input: 0.8, output: 4, cacheRead: 0.08, cacheWrite: 1, cacheWrite1h: 1.6 },
    ],
    [
      'anthropic',
      'claude-sonnet-4-5-20250929',
      {
        input: 3,
        above: [{ inputTokens: 200_001, input: 6, output: 22.5, cacheRead: 0.6, cacheWrite: 7.5, cacheWrite1h: 12 }],
      },
    ],
    ['aws.bedrock', 'us.anthropic.claude-3-5-haiku-20241022-v1:0', { input: 0.8, output: 4 }],
    ['groq', 'llama-3.3-70b-versatile', { input: 0.59, output: 0.79 }],
  ])('%s %s', (provider, model, expected) => {
    expect(find(provider, model)).toMatchObject({
      ...expected,
      source: 'https://github.com/pydantic/genai-prices',
      version: expect.stringMatching(/^genai-prices-\d/),
    });
  });

  test.each([
    // Typed from the price pages, not from the file: what the generated catalog lacks.
    [
      'openai',
      'gpt-4o',
      { tiers: { priority: { input: 4.25, output: 17, cacheRead: 2.125 }, batch: { input: 1.25, output: 5 } } },
    ],
    ['openai', 'gpt-5-mini-2025-08-07', { tiers: { flex: { input: 0.125, output: 1, cacheRead: 0.0125 } } }],
    ['openai', 'gpt-6-astra', { cacheWrite12h: 25, tiers: { ultrafast: { input: 60, output: 300 } } }],
    ['openai', 'gpt-4o-mini', { webSearch: 10, fileSearch: 2.5 }],
    ['openai', 'gpt-image-1', { input: 5, imageInput: 10, imageOutput: 40 }],
    ['openai', 'whisper-1', { audioMinute: 0.006 }],
    ['openai', 'gpt-6.1-sol', { input: 2, output: 10, cacheRead: 0.1 }],
    [
      'anthropic',
      'claude-opus-5-5',
      { regions: { us: 1.1 }, tiers: { fast: { input: 8, output: 40 } }, webSearch: 10 },
    ],
    ['anthropic', 'claude-haiku-4-5-20251001', { tiers: { batch: { input: 0.5, output: 2.5, cacheWrite1h: 1 } } }],
    // The catalog's rule for claude-sonnet-5 would take these in, with twice their price for cache reads.
    ['anthropic', 'claude-sonnet-5-5', { input: 2, output: 10, cacheRead: 0.1 }],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-5-5-v1:0', { input: 2.2, output: 11, cacheRead: 0.11 }],
    ['aws.bedrock', 'global.anthropic.claude-sonnet-5-5', { input: 2, output: 10, cacheRead: 0.1 }],
    // No discount of one hour, and no price that has been another for a year.
    ['deepseek', 'deepseek-reasoner', { input: 0.28, output: 0.42, cacheRead: 0.028 }],
    ['mistral_ai', 'mistral-large-latest', { input: 0.5, output: 1.5 }],
    ['gcp.vertex_ai', 'google/gemini-2.5-pro', { input: 1.25, output: 10 }],
    ['gcp.gemini', 'models/gemini-2.5-pro', { input: 1.25, output: 10 }],
  ])('%s %s has what an override adds', (provider, model, expected) => {
    expect(find(provider, model)).toMatchObject(expected);
  });

  test('every override says where it stands and when it was checked, and is found', () => {
    const { prices, fees, reviewed } = overrides();
    for (const line of [...prices, ...Object.values(fees)]) {
      expect(line.source).toMatch(/^https:\/\//);
      expect(Date.parse(line.checked)).toBeLessThanOrEqual(Date.parse(reviewed));
    }
    for (const { provider, model, source: _, checked: __, above: ___, replaces: ____, ...offer } of prices)
      expect(find(provider, model), model).toMatchObject(offer);
  });

  test('never looks a model up under another provider’s name', () => {
    expect(find('openai', 'llama-3.3-70b-versatile')).toBeUndefined();
    expect(find('anthropic', 'gpt-4o')).toBeUndefined();
    expect(find('nobody', 'gpt-4o')).toBeUndefined();
  });

  test.each([
    ['anthropic', 'claude-sonnet-5-6'],
    ['anthropic', 'claude-opus-4-9'],
    ['anthropic', 'claude-sonnet-6-20270101'],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-5-6-v1:0'],
    ['gcp.vertex_ai', 'claude-opus-4-5-1@20270101'],
    ['openai', 'gpt-6-sol-mini'],
    ['openai', 'gpt-oss-120b'],
    ['openai', 'o9-mini'],
    ['gcp.gemini', 'gemini-9-pro'],
  ])('%s: nobody knows %s yet, whatever it sounds like', (provider, model) => {
    expect(find(provider, model)).toBeUndefined();
  });

  test('has the price of the hour, where that differs', () => {
    const rates = (when: string) => find('deepseek', 'deepseek-v4-flash', Date.parse(when));
    const [peak, rest] = [
      { input: 0.3, output: 1.2, cacheRead: 0.006 },
      { input: 0.15, output: 0.6, cacheRead: 0.003 },
    ];
    expect(rates('2026-11-24T00:59:59Z')).toMatchObject(rest);
    expect(rates('2026-11-24T01:00:00Z')).toMatchObject(peak);
    expect(rates('2026-11-24T04:00:00Z')).toMatchObject(rest);
    expect(rates('2026-11-24T09:59:59Z')).toMatchObject(peak);
    expect(rates('2026-11-22T09:00:00Z')).toMatchObject(rest); // a Sunday
  });

  test('has the price of the day of the request', () => {
    expect(find('openai', 'o3', Date.parse('2025-06-09'))?.input).toBe(10);
    expect(find('openai', 'o3', Date.parse('2025-06-10'))?.input).toBe(2);
  });
});

describe('a user’s file', () => {
  const own = parsePrices({
    version: 'acme-1',
    prices: [
      { provider: 'openai', model: 'gpt-4o-mini', input: 0.3, output: 1.2, cacheRead: 0.15 },
      { provider: 'openai', model: 'gpt-4o', from: '2026-11-01', input: 1, output: 2 },
      { host: '127.0.0.1:8000', model: 'llama-3.3-70b-versatile', input: 0.5, output: 0.5 },
      { host: 'llm.internal', model: 'llama', input: 0.25, output: 0.25 },
    ],
  });
  const book = withPrices(catalog(), own);

  test('replaces prices, from its day on, and names itself on them', () => {
    expect(book.find({ provider: 'openai', model: 'gpt-4o-mini', at })).toMatchObject({
      input: 0.3,
      source: 'user',
      version: 'acme-1',
    });
    expect(book.find({ provider: 'openai', model: 'gpt-4o', at })?.input).toBe(1);
    expect(book.find({ provider: 'openai', model: 'gpt-4o', at: Date.parse('2026-10-31') })?.input).toBe(2.5);
  });

  test('adds prices for endpoints, told by their host, with or without the port', () => {
    const ask = (host: string, model: string) => book.find({ provider: 'openai', host, model, at })?.input;
    expect(ask('127.0.0.1:8000', 'llama-3.3-70b-versatile')).toBe(0.5);
    expect(ask('127.0.0.1:9000', 'llama-3.3-70b-versatile')).toBeUndefined();
    expect(ask('llm.internal:8443', 'llama')).toBe(0.25);
  });

  test('leaves everything else to the catalog', () => {
    expect(book.find({ provider: 'anthropic', model: 'claude-3-5-haiku-20241022', at })?.input).toBe(0.8);
  });

  test('may price tiers, regions, searches and minutes', () => {
    const { prices } = parsePrices({
      version: 'v',
      prices: [
        {
          provider: 'openai',
          model: 'm',
          input: 1,
          tiers: { priority: { input: 2, above: [{ inputTokens: 10, input: 4 }] } },
          regions: { eu: 1.1 },
          webSearch: 10,
          audioMinute: 0.006,
        },
      ],
    });
    expect(prices).toHaveLength(1);
    expect(() =>
      parsePrices({
        version: 'v',
        prices: [
          {
            provider: 'openai',
            model: 'm',
            webSearch: '10',
            above: [{ input: 1 }],
            tiers: { priority: { input: 'two', inputs: 2 } },
            regions: { eu: 0 },
          },
        ],
      }),
    ).toThrow(
      'prices: prices[0].above[0].inputTokens: found {"input":1}, expected the number of input tokens from which it holds; prices[0].webSearch: found "10", expected USD per thousand calls, 0 or more; prices[0].tiers.priority.input: found "two", expected USD per million tokens, 0 or more; prices[0].tiers.priority.inputs: found 2, expected one of above, input, ',
    );
  });

  test('that is wrong is refused with all that is wrong with it', () => {
    expect(() =>
      parsePrices(
        {
          prices: [
            { model: 'a', input: '1' },
            { provider: 'openai', output: -1, model: 'b' },
            { provider: 'openai', model: 'c', inputs: 1 },
          ],
        },
        'prices.json',
      ),
    ).toThrow(
      'prices.json: version: found nothing, expected a name for this list, such as "acme-2026-11"; prices[0]: found {"model":"a","input":"1"}, expected a provider (such as "openai") or a host (such as "llm.internal:8000"); prices[0].input: found "1", expected USD per million tokens, 0 or more; prices[1].output: found -1, expected USD per million tokens, 0 or more; prices[2]: found {"provider":"openai","model":"c","inputs":1}, expected a rate: input, output, cacheRead, cacheWrite, cacheWrite1h, cacheWrite12h, cacheReadAudio, cacheReadImage, audioInput, audioOutput, imageInput, imageOutput, webSearch, fileSearch, audioMinute; prices[2].inputs: found 1, expected one of',
    );
    expect(() => parsePrices(null)).toThrow('prices: version: found nothing');
  });
});
