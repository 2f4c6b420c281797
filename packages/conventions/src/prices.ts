/**
 * The price catalog, and a user's own prices on top of it. A lazy subpath of the package: whoever imports it pays for
 * reading the catalog, at the first look-up.
 */
import type { Fees, Offer, Peak, Price } from './cost.ts';
import { catalogText } from './generated/catalog.ts';

export interface PriceQuery {
  /** `gen_ai.provider.name`. A model is never looked up under another provider's name; Azure has two. */
  readonly provider: string;
  readonly model: string;
  /** Host that was asked, with its port unless it is the scheme's own. */
  readonly host?: string;
  /** When the request was made, epoch ms. */
  readonly at: number;
}

export interface PriceBook {
  /** Names the book on every cost computed with it. */
  readonly version: string;
  /** The price of that model at that time; undefined when the book has none. */
  find(query: PriceQuery): Price | undefined;
}

/** Which model ids a catalog entry stands for. */
export type Match =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly Match[] }
  | { readonly and: readonly Match[] };

export interface CatalogPrice extends Offer {
  /** ISO date from which it holds; absent: since ever. */
  readonly from?: string;
  /** Where it stands, when not where the rest of the catalog does. */
  readonly source?: string;
}

export interface CatalogModel {
  readonly model: string;
  readonly match: Match;
  readonly prices: readonly CatalogPrice[];
}

/** What the catalog holds. */
export interface CatalogFile {
  readonly version: string;
  readonly source: string;
  readonly license: string;
  readonly unit: string;
  /** What a provider asks for every model's calls of its tools. */
  readonly fees: Readonly<Record<string, Fees>>;
  readonly providers: Readonly<Record<string, readonly CatalogModel[]>>;
}

/**
 * One line of a user's price file. Rates are USD per million tokens; `webSearch` and `fileSearch` USD per thousand calls,
 * `audioMinute` USD per minute; a region is a factor.
 */
export interface UserPrice extends Omit<Offer, 'peak'> {
  /** Endpoint it holds for, with its port unless it is the scheme's own: `llm.internal:8000`. */
  readonly host?: string;
  /** `gen_ai.provider.name` it holds for. Needed where there is no host. */
  readonly provider?: string;
  readonly model: string;
  /** ISO date or time from which it holds; before it the catalog does. */
  readonly from?: string;
}

export interface UserPrices {
  /** Named by the user; stands on every cost computed with it. */
  readonly version: string;
  readonly prices: readonly UserPrice[];
}

/** Enough for the models of an app; ids that somebody makes up cannot fill the memory. */
const remembered = 1_000;

/** A price and when it begins to hold, epoch ms: read once, not at every look-up. */
interface Dated<P> {
  readonly since: number;
  readonly price: P;
}

const dated = <P extends { readonly from?: string }>(price: P): Dated<P> => ({
  since: price.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(price.from),
  price,
});

/** One house with two doors, and one price list: what is not under the one name is looked for under the other. */
const sameHouse: Readonly<Record<string, string>> = {
  'azure.ai.openai': 'azure.ai.inference',
  'azure.ai.inference': 'azure.ai.openai',
};

let loaded: PriceBook | undefined;

/** The catalog that comes with the package. */
export function catalog(): PriceBook {
  loaded ??= bookOf(JSON.parse(catalogText) as CatalogFile);
  return loaded;
}

function bookOf(file: CatalogFile): PriceBook {
  // A look-up tries a few hundred rules; an app uses a handful of models.
  const found = new Map<string, Map<string, readonly Dated<Price>[]>>();
  const lookUp = (provider: string, model: string): readonly Dated<Price>[] => {
    const ofProvider = found.get(provider) ?? new Map<string, readonly Dated<Price>[]>();
    found.set(provider, ofProvider);
    const known = ofProvider.get(model);
    if (known) return known;
    const models = [provider, sameHouse[provider] ?? []].flat().flatMap((name) => file.providers[name] ?? []);
    let entry: CatalogModel | undefined;
    for (const name of namesOf(model)) {
      entry = models.find((each) => each.model === name) ?? models.find((each) => matches(each.match, name));
      if (entry) break;
    }
    const prices = (entry?.prices ?? []).map((price) =>
      dated({ ...file.fees[provider], ...price, source: price.source ?? file.source, version: file.version }),
    );
    if (ofProvider.size < remembered) ofProvider.set(model, prices);
    return prices;
  };
  // Nearly always it is the last one again, which is told without a hash of its name.
  let last: { provider: string; model: string; prices: readonly Dated<Price>[] } | undefined;
  return {
    version: file.version,
    find({ provider, model, at }) {
      if (last === undefined || model !== last.model || provider !== last.provider)
        last = { provider, model, prices: lookUp(provider, model) };
      const price = inForce(last.prices, at);
      return price?.peak === undefined ? price : atTheHour(price, price.peak, at);
    },
  };
}

/** The id as it is, then without what providers put around it: version, date, region, maker. */
function namesOf(model: string): string[] {
  const names = new Set([model.toLowerCase()]);
  for (const around of [
    /^arn:.*[/:]/,
    /^(models|google)\//,
    /^(us|eu|apac|au|jp|ca|us-gov|global)\./,
    /^anthropic\./,
    /-v\d+(:\d+)?$/,
    /@[\w.-]+$/,
    /-(\d{4}-\d{2}-\d{2}|\d{8})$/,
  ]) {
    for (const name of [...names]) names.add(name.replace(around, ''));
  }
  return [...names];
}

function matches(match: Match, name: string): boolean {
  if ('equals' in match) return name === match.equals;
  if ('starts_with' in match) return name.startsWith(match.starts_with) && !isLaterVersion(match.starts_with, name);
  if ('ends_with' in match) return name.endsWith(match.ends_with);
  if ('contains' in match) return name.includes(match.contains) && !isLaterVersion(match.contains, name);
  if ('regex' in match) return new RegExp(match.regex).test(name);
  if ('or' in match) return match.or.some((each) => matches(each, name));
  return match.and.every((each) => matches(each, name));
}

/** `claude-sonnet-5-6` is no `claude-sonnet-5`, though it starts with that; a date or a maker's suffix may follow. */
const isLaterVersion = (part: string, name: string): boolean =>
  /\d$/.test(part) && /^-\d{1,2}(?!\d)/.test(name.slice(name.indexOf(part) + part.length));

/** The newest price whose day has come. */
function inForce<P>(prices: readonly Dated<P>[], at: number): P | undefined {
  let newest: Dated<P> | undefined;
  for (const each of prices) if (each.since <= at && (!newest || each.since > newest.since)) newest = each;
  return newest?.price;
}

/** The price with the rates of the hour. */
function atTheHour(price: Price, { hours, ...rates }: Peak, at: number): Price {
  const when = new Date(at);
  const time = when.toISOString().slice(11, 16);
  const isWeekday = when.getUTCDay() % 6 !== 0;
  const isPeak = isWeekday && hours.some((span) => time >= span.slice(0, 5) && time < span.slice(6));
  return isPeak ? { ...price, ...rates } : price;
}

/** The user's prices win: by host first, then by provider. What they do not name, the book below answers. */
export function withPrices(book: PriceBook, user: UserPrices): PriceBook {
  const version = `${user.version}+${book.version}`;
  const prices = new Map<string, Dated<UserPrice & Price>[]>();
  for (const price of user.prices) {
    const model = price.model.toLowerCase();
    const ofModel = prices.get(model) ?? [];
    prices.set(model, ofModel);
    ofModel.push(dated({ ...price, source: 'user', version: user.version }));
  }
  return {
    version,
    find(query) {
      const named = prices.get(query.model.toLowerCase());
      if (named === undefined) return book.find(query);
      const byHost = named.filter(
        ({ price: { host } }) =>
          host !== undefined && (host === query.host || host === query.host?.replace(/:\d+$/, '')),
      );
      const byProvider = named.filter(
        ({ price: { host, provider } }) => host === undefined && provider === query.provider,
      );
      const own = inForce(byHost, query.at) ?? inForce(byProvider, query.at);
      return own ?? book.find(query);
    },
  };
}

const rateNames = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'cacheWrite12h',
  'cacheReadAudio',
  'cacheReadImage',
  'audioInput',
  'audioOutput',
  'imageInput',
  'imageOutput',
] as const;
const feeNames = ['webSearch', 'fileSearch', 'audioMinute'] as const;
const lineNames = [
  'host',
  'provider',
  'model',
  'from',
  'above',
  'tiers',
  'regions',
  'source',
  ...rateNames,
  ...feeNames,
];

/**
 * Checks a user's prices, as read from JSON.
 * @param where what the prices stand in, for the message.
 * @throws Error that lists everything that is wrong: where, what was found, what is expected.
 */
export function parsePrices(json: unknown, where = 'prices'): UserPrices {
  const problems: string[] = [];
  const say = (place: string, found: unknown, expected: string): void => {
    problems.push(`${place}: found ${JSON.stringify(found) ?? 'nothing'}, expected ${expected}`);
  };
  const isAmount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
  /** Everything of `object` is one of `names`, and its amounts are amounts. */
  const checkAmounts = (object: Record<string, unknown>, at: string, names: readonly string[]): void => {
    for (const name of rateNames)
      if (object[name] !== undefined && !isAmount(object[name]))
        say(`${at}.${name}`, object[name], 'USD per million tokens, 0 or more');
    for (const name of Object.keys(object))
      if (!names.includes(name)) say(`${at}.${name}`, object[name], `one of ${names.join(', ')}`);
  };
  const checkBands = (above: unknown, at: string): void => {
    if (above !== undefined && !Array.isArray(above)) say(`${at}.above`, above, 'a list of bands');
    for (const [number, band] of (Array.isArray(above) ? above : []).entries()) {
      const place = `${at}.above[${number}]`;
      if (!isAmount((band as { inputTokens?: unknown } | null)?.inputTokens))
        say(`${place}.inputTokens`, band, 'the number of input tokens from which it holds');
      checkAmounts(record(band), place, ['inputTokens', ...rateNames]);
    }
  };

  const file = record(json) as Partial<UserPrices>;
  if (typeof file.version !== 'string' || file.version === '')
    say('version', file.version, 'a name for this list, such as "acme-2026-11"');
  if (!Array.isArray(file.prices)) say('prices', file.prices, 'a list');
  for (const [index, line] of (Array.isArray(file.prices) ? file.prices : []).entries()) {
    const at = `prices[${index}]`;
    const price = record(line);
    if (typeof price['model'] !== 'string' || price['model'] === '')
      say(`${at}.model`, price['model'], "the model's id");
    if (typeof (price['host'] ?? price['provider']) !== 'string')
      say(at, line, 'a provider (such as "openai") or a host (such as "llm.internal:8000")');
    if (price['from'] !== undefined && Number.isNaN(Date.parse(String(price['from']))))
      say(`${at}.from`, price['from'], 'an ISO date');
    if (![...rateNames, ...feeNames].some((name) => price[name] !== undefined))
      say(at, line, `a rate: ${[...rateNames, ...feeNames].join(', ')}`);
    checkAmounts(price, at, lineNames);
    checkBands(price['above'], at);
    for (const name of feeNames)
      if (price[name] !== undefined && !isAmount(price[name]))
        say(
          `${at}.${name}`,
          price[name],
          name === 'audioMinute' ? 'USD per minute, 0 or more' : 'USD per thousand calls, 0 or more',
        );
    for (const [name, tier] of Object.entries(record(price['tiers']))) {
      checkAmounts(record(tier), `${at}.tiers.${name}`, ['above', ...rateNames]);
      checkBands(record(tier)['above'], `${at}.tiers.${name}`);
    }
    for (const [name, factor] of Object.entries(record(price['regions'])))
      if (!isAmount(factor) || factor === 0) say(`${at}.regions.${name}`, factor, 'a factor above 0, such as 1.1');
  }
  if (problems.length > 0) throw new Error(`${where}: ${problems.join('; ')}`);
  return file as UserPrices;
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
