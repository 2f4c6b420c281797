/**
 * Makes `src/generated/catalog.ts` from the data of `@pydantic/genai-prices` (MIT), and what that lacks from
 * `prices/overrides.json`: run by `npm run prices:update` after either was changed. Of genai-prices, token prices only;
 * a fee by the request is named as unmetered; prices by the second are left out, and prices by the hour, which it does
 * not tell from prices by the day, are taken from the overrides.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type ConditionalPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { Fees, Offer } from '../cost.ts';
import type { CatalogFile, CatalogModel, CatalogPrice } from '../prices.ts';

/** The package's provider ids, by OpenTelemetry's names (`gen_ai.provider.name`). */
const providers: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'aws.bedrock': 'aws',
  'gcp.vertex_ai': 'google',
  'gcp.gemini': 'google',
  groq: 'groq',
  deepseek: 'deepseek',
  mistral_ai: 'mistral',
  x_ai: 'x-ai',
  perplexity: 'perplexity',
  moonshot_ai: 'moonshotai',
  cohere: 'cohere',
  openrouter: 'openrouter',
};

const classes = {
  input: 'input_mtok',
  output: 'output_mtok',
  cacheRead: 'cache_read_mtok',
  cacheWrite: 'cache_write_mtok',
  cacheWrite1h: 'cache_write_1h_mtok',
  cacheReadAudio: 'cache_audio_read_mtok',
  cacheReadImage: 'cache_image_read_mtok',
  audioInput: 'input_audio_mtok',
  audioOutput: 'output_audio_mtok',
  imageInput: 'input_image_mtok',
  imageOutput: 'output_image_mtok',
} as const;

/** What some models are billed for beside tokens, and no answer tells how much of it. */
const unmetered = {
  request: 'requests_kcount',
  reasoning: 'output_reasoning_mtok',
  citation: 'output_citation_mtok',
} as const;

/** A line somebody checked: where, and when. */
type Reviewed<T> = T & { readonly source: string; readonly checked: string };

/** `prices/overrides.json`. */
export interface Overrides {
  readonly reviewed: string;
  readonly fees: Readonly<Record<string, Reviewed<Fees>>>;
  readonly prices: readonly Reviewed<Offer & Line>[];
}

interface Line {
  readonly provider: string;
  readonly model: string;
  /** The page says otherwise than genai-prices, which has not followed: the line holds instead. */
  readonly replaces?: true;
}

/** Models listed under a provider that does not sell them: its open weights, run by others. */
const notSold: Readonly<Record<string, RegExp>> = { openai: /^gpt-oss-/ };

export const overrides = (): Overrides =>
  JSON.parse(readFileSync(new URL('../../prices/overrides.json', import.meta.url), 'utf8')) as Overrides;

export function catalogFile(): CatalogFile {
  const manifest = new URL('../package.json', import.meta.resolve('@pydantic/genai-prices'));
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const models: Record<string, CatalogModel[]> = {};
  for (const [name, id] of Object.entries(providers)) {
    const found = findProvider({ providerId: id });
    if (!found)
      throw new Error(
        `@pydantic/genai-prices has no provider ${JSON.stringify(id)} any more: adapt generate/prices.ts`,
      );
    models[name] = found.models.flatMap(({ id: model, match, prices }) => {
      const list = (Array.isArray(prices) ? prices : [{ prices }]).flatMap(priceOf);
      return list.length > 0 && !notSold[name]?.test(model) ? [{ model, match, prices: list }] : [];
    });
  }
  const { reviewed, fees, prices } = overrides();
  for (const line of prices) override(models, line);
  return {
    version: `genai-prices-${version}+${reviewed}`,
    source: 'https://github.com/pydantic/genai-prices',
    license: 'MIT, Copyright (c) Pydantic Services Inc.',
    unit: 'USD per million tokens; per thousand calls; per minute',
    fees: Object.fromEntries(
      Object.entries(fees).map(([provider, { source: _source, checked: _checked, ...fee }]) => [provider, fee]),
    ),
    providers: models,
  };
}

/** Adds a line to the model's newest price, or a model the catalog does not have. @throws Error when they disagree. */
function override(models: Record<string, CatalogModel[]>, line: Overrides['prices'][number]): void {
  const { provider, model, replaces, source, checked: _checked, ...offer } = line;
  const found = models[provider]?.find((each) => each.model === model);
  const newest = found?.prices.at(-1);
  if (!found || !newest) {
    models[provider] = [
      ...(models[provider] ?? []),
      { model, match: { equals: model }, prices: [{ ...offer, source }] },
    ];
    return;
  }
  const at = (models[provider] as CatalogModel[]).indexOf(found);
  if (replaces) {
    (models[provider] as CatalogModel[])[at] = { ...found, prices: [{ ...offer, source }] };
    return;
  }
  const merge = <T extends object>(have: T, add: T, where: string): T => {
    for (const [name, value] of Object.entries(add)) {
      const known = have[name as keyof T];
      if (typeof known === 'number' && known !== value)
        throw new Error(`${where}: prices/overrides.json says ${name} is ${value}, genai-prices ${known}: look it up`);
    }
    return { ...have, ...add };
  };
  const bands = new Map((newest.above ?? []).map((band) => [band.inputTokens, band]));
  for (const band of offer.above ?? [])
    bands.set(band.inputTokens, merge(bands.get(band.inputTokens) ?? band, band, `${provider} ${model}`));
  const merged: CatalogPrice = {
    ...merge<CatalogPrice>(newest, offer, `${provider} ${model}`),
    ...(bands.size > 0 && { above: [...bands.values()] }),
  };
  (models[provider] as CatalogModel[])[at] = { ...found, prices: [...found.prices.slice(0, -1), merged] };
}

function priceOf({ constraint, prices }: ConditionalPrice): CatalogPrice[] {
  if (constraint && constraint.type !== 'start_date') return [];
  const base: Record<string, number> = {};
  const bands = new Map<number, Record<string, number>>();
  for (const [name, key] of Object.entries(classes)) {
    const rate: ModelPrice[string] = prices[key];
    if (typeof rate === 'number') base[name] = rate;
    else if (rate) {
      base[name] = rate.base;
      // Theirs begins above `start`, ours at `inputTokens`.
      for (const tier of rate.tiers) bands.set(tier.start + 1, { ...bands.get(tier.start + 1), [name]: tier.price });
    }
  }
  if (Object.keys(base).length === 0) return [];
  const above = [...bands].sort(([a], [b]) => a - b).map(([inputTokens, rates]) => ({ inputTokens, ...rates }));
  const untold = Object.entries(unmetered).flatMap(([name, key]) => (prices[key] === undefined ? [] : [name]));
  return [
    {
      ...(constraint && { from: constraint.start_date }),
      ...base,
      ...(above.length > 0 && { above }),
      ...(untold.length > 0 && { unmetered: untold }),
    },
  ];
}

/**
 * The catalog as JSON in a module of its own: what an app is bundled from is there, and a file beside it is not. One line
 * a model: a change of prices is a diff people can read.
 */
function render(file: CatalogFile): string {
  const { providers: byProvider, ...head } = file;
  const lines = Object.entries(byProvider).map(
    ([name, models]) =>
      `    ${JSON.stringify(name)}: [\n${models.map((model) => `      ${JSON.stringify(model)}`).join(',\n')}\n    ]`,
  );
  const json = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "providers": {\n${lines.join(',\n')}\n  }\n}`;
  if (/`|\$\{/.test(json)) throw new Error('the catalog has a name that ends the text it stands in');
  return `/** Made by \`npm run prices:update\`: change prices/overrides.json instead. */\nexport const catalogText: string = String.raw\`${json}\`;\n`;
}

const path = new URL('../../src/generated/catalog.ts', import.meta.url);

export const isCurrent = (): boolean => readFileSync(path, 'utf8') === render(catalogFile());

export function write(): void {
  writeFileSync(path, render(catalogFile()));
  console.log('wrote packages/conventions/src/generated/catalog.ts');
}

if (import.meta.url === `file://${process.argv[1]}`) write();
