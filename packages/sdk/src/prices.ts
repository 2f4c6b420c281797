/** Which price an inference has: the process default, or the observed client's own book. */
import {
  asNested,
  asSaid,
  type Cost,
  costOf,
  type Price,
  type Served,
  sumCosts,
  type Usage,
} from '@routescope/conventions';
import { catalog, type PriceBook, parsePrices, type UserPrices, withPrices } from '@routescope/conventions/prices';

let processBook: PriceBook | undefined;

/** Prices for the whole process: the user's on top of the catalog. Set by `start({ prices })`. */
export function setDefaultPrices(prices: UserPrices): void {
  processBook = withPrices(catalog(), parsePrices(prices));
}

/** The user's prices on top of the catalog, or what the process has. */
export const bookOf = (prices: UserPrices | undefined): (() => PriceBook) => {
  if (prices === undefined) {
    return () => {
      processBook ??= catalog();
      return processBook;
    };
  }
  const own = withPrices(catalog(), parsePrices(prices));
  return () => own;
};

export interface PricedInference {
  readonly provider: string;
  readonly host: string;
  readonly requestModel: string;
  readonly responseModel: string | undefined;
  /** The service tier asked for, as the request says it; absent when it says none. */
  readonly requestTier?: unknown;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * The price of the model that answered. Nobody knows that one: of the one asked for, if it is the same by its name, or
 * the user has named its price; a model that somebody put in its place costs what nobody knows. Bedrock answers
 * `claude-…` to `global.anthropic.claude-…-v1:0`: there the one asked for says of the same model from where it was
 * served, and so its price.
 */
export function priceOf(book: PriceBook, inference: PricedInference): Price | undefined {
  const { provider, requestModel, responseModel = '' } = inference;
  const isMoreExact = provider === 'aws.bedrock' && requestModel.includes(responseModel);
  if (isMoreExact) return find(book, inference, requestModel) ?? find(book, inference, responseModel);
  const answered = find(book, inference, responseModel);
  if (answered) return answered;
  const asked = find(book, inference, requestModel);
  return asked?.source === 'user' || responseModel.startsWith(requestModel) || responseModel === '' ? asked : undefined;
}

const find = (book: PriceBook, { provider, host, at }: PricedInference, model: string): Price | undefined =>
  model === '' ? undefined : book.find({ provider, host, at, model });

/** What an inference cost, with those that the provider made on the way, each at the price of its own model. */
export function costAt(book: PriceBook, inference: PricedInference, usage: Usage, said?: Served): Cost {
  const worked = workedOut(book, inference, usage, said);
  return said?.saidPico === undefined ? worked : asSaid(worked, said.saidPico);
}

function workedOut(book: PriceBook, inference: PricedInference, usage: Usage, said?: Served): Cost {
  const price = priceOf(book, inference);
  const region = said?.region ?? regionOf(inference.host);
  const tier = said?.tier ?? tierAskedFor(inference);
  const served = region === said?.region && tier === said?.tier ? said : { ...said, region, tier };
  const own = served?.passes
    ? sumCosts(served.passes.map((pass) => costOf(pass, price, served)))
    : costOf(usage, price, served);
  if (!served?.nested?.length) return own;
  const { provider, host, at } = inference;
  const nested = served.nested.map((each) =>
    asNested(costOf(each.usage, book.find({ provider, host, at, model: each.model }), served)),
  );
  return sumCosts([own, ...nested]);
}

/** Those of OpenAI's that have prices of their own. Of `scale` the answer has to say that there was any left. */
const pricedTiers = new Set<unknown>(['flex', 'priority', 'fast', 'ultrafast']);

/**
 * The tier that stands in where the answer names none: a stream that was broken off, a gateway that drops the field.
 * OpenAI's word, and Azure's; elsewhere it means another thing (Groq's flex has the price of all) or nothing, and
 * Anthropic's requests (`auto`, `standard_only`) name none.
 */
function tierAskedFor({ provider, requestTier }: PricedInference): string | undefined {
  if (requestTier === undefined || (provider !== 'openai' && provider !== 'azure.ai.openai')) return undefined;
  return pricedTiers.has(requestTier) ? String(requestTier) : undefined;
}

/** Hosts that promise where they compute: OpenAI's, and Vertex's of a region or of several. */
function regionOf(host: string): string | undefined {
  if (host === lastHost) return lastRegion;
  const openai = /^([a-z]{2})\.api\.openai\.com$/.exec(host)?.[1];
  const isRegional = /^[\w-]+-aiplatform\.googleapis\.com$|\.rep\.googleapis\.com$/.test(host);
  lastHost = host;
  lastRegion = openai ?? (isRegional ? 'regional' : undefined);
  return lastRegion;
}
/** Asked for every inference, and nearly always for the same again. */
let lastHost = '';
let lastRegion: string | undefined;
