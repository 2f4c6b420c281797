/** Which price an inference has: the process default, or the observed client's own book. */
import { type Cost, costOf, type Price, type Usage } from '@routescope/conventions';
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
  /** Epoch ms. */
  readonly at: number;
}

/** The price of the model that answered; of the one asked for, when nobody knows that one. */
export function priceOf(book: PriceBook, inference: PricedInference): Price | undefined {
  const { provider, host, at } = inference;
  const answered = inference.responseModel && book.find({ provider, host, at, model: inference.responseModel });
  return answered || book.find({ provider, host, at, model: inference.requestModel });
}

export const costAt = (book: PriceBook, inference: PricedInference, usage: Usage): Cost =>
  costOf(usage, priceOf(book, inference));
