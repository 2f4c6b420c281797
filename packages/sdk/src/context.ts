/**
 * What is going on around an inference: the session and tag the app named, and, inside a route, the attempt that the
 * router has under way. Travels through async code; the observed clients read it, nobody passes it on by hand.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { Cost, Outcome, Usage } from '@routescope/conventions';

/** One inference that has come to its end; its span is still open. */
export interface Inference {
  readonly span: Span;
  /** When the last byte was read, epoch ms. */
  readonly endedAt: number;
  readonly usage: Usage;
  readonly cost: Cost;
  readonly provider: string;
  /** Host (and port, unless the default) that was asked; prices may depend on it. */
  readonly host: string;
  readonly requestModel: string;
  readonly responseModel: string | undefined;
  /** As the request asked for them; undefined where it did not. */
  readonly requestMaxTokens: unknown;
  readonly requestTemperature: unknown;
  /** How reading it ended: `accepted` when all of it was read, whatever a validator says later. */
  readonly outcome: Outcome;
}

/** What the router tells the observed clients about the attempt under way. */
export interface AttemptFrame {
  /** Parent of the attempt's spans: the call span. */
  readonly parent: Context;
  /** Call and attempt facts that every span of the attempt carries from its start. */
  readonly attributes: Attributes;
  /** An inference of the attempt has begun; `adopt` follows when it has come to its end. */
  begun(): void;
  /**
   * Takes over an inference that has come to its end: the frame ends the span once the verdict is known, with
   * `endedAt` as its end time. An observed client outside a route ends its span itself.
   */
  adopt(inference: Inference): void;
  /** Counts an inference whose span somebody else has made and ends: the verdict will not stand on it. */
  witness(inference: Inference): void;
  /** What had begun turned out to be no inference. */
  lost(): void;
  /** The headers of an answer: what they say of the provider's rate limit. */
  headers?(header: (name: string) => string | undefined): void;
}

export interface Frame {
  readonly session?: string | undefined;
  readonly tag?: string | undefined;
  readonly attempt?: AttemptFrame | undefined;
}

const storage = new AsyncLocalStorage<Frame>();
const outside: Frame = Object.freeze({});

/** The frame of the code that runs now; empty outside of everything. */
export const currentFrame = (): Frame => storage.getStore() ?? outside;

/** Runs `fn`, and everything it starts, with parts of the frame set anew. */
export const withFrame = <T>(parts: Frame, fn: () => T): T => storage.run({ ...currentFrame(), ...parts }, fn);

/**
 * Calls made in `fn`, and in what it starts, belong to this session (`gen_ai.conversation.id`).
 * @returns what `fn` returns.
 */
export const withSession = <T>(session: string, fn: () => T): T => withFrame({ session }, fn);

/**
 * Inferences made in `fn` outside a route are for this job (`routescope.tag`). Few values; a route's own tag wins.
 * @returns what `fn` returns.
 */
export const withTag = <T>(tag: string, fn: () => T): T => withFrame({ tag }, fn);
