/** `observe(client)`: a copy of a client of the vendor's own class, whose inferences become spans. */
import type { UserPrices } from '@routescope/conventions/prices';
import { type ContentMode, type ContentOptions, contentOf } from '../content/settings.ts';
import { bookOf } from '../prices.ts';
import { type Clock, systemClock } from '../telemetry.ts';
import { leavesUsageOpen, withoutUsage } from './apis/chat-completions.ts';
import { copyOf } from './copy.ts';
import { type Api, asJson } from './facts.ts';
import { InferenceSpan } from './inference.ts';
import { looks, loops, methods, results } from './methods.ts';
import {
  type Loop,
  patchLook,
  patchLoop,
  patchMethod,
  patchResults,
  patchRetries,
  patchTraceContext,
  replace,
  type Watch,
} from './patch.ts';
import { isLoopback, openaiHost, type Server, serverOf } from './provider.ts';
import { currentTracer } from './scope.ts';
import { patchThreads } from './threads.ts';

export interface ObserveOptions {
  /** Prices that add to the catalog or replace it, for this client; else the process's own (`start({ prices })`). */
  readonly prices?: UserPrices;
  /**
   * Ask OpenAI for the usage of a stream when the app does not (`stream_options.include_usage`), and hide it from the
   * app. Some compatible servers refuse the field.
   * @default true for OpenAI's own hosts, a region's too, and for servers on this machine, false elsewhere
   */
  readonly includeUsage?: boolean;
  /**
   * Keep what was said on the spans: `off`, `metadata` or `full`, or with bounds and a redactor. This option decides; else
   * the process's (`start({ content })`); else ROUTESCOPE_CONTENT; never a blend.
   * @default off
   */
  readonly content?: ContentMode | ContentOptions;
  /** Epoch ms; for simulations. @default the system's */
  readonly clock?: Clock;
}

// biome-ignore lint/suspicious/noExplicitAny: told apart by their shape, so that neither SDK has to be installed.
type Internal = any;

/**
 * A working copy of an OpenAI or Anthropic client: same class, same helpers, same errors. Every
 * inference made with it is a span with tokens and cost, whole and streamed. The client given stays as it was.
 *
 * @throws TypeError when it is neither client, or an option is wrong.
 */
export function observe<C extends object>(client: C, options: ObserveOptions = {}): C {
  const kind = kindOf(client);
  if (kind === undefined) {
    throw new TypeError(
      'observe() takes an OpenAI client (chat.completions) or an Anthropic client (messages) of their own SDKs',
    );
  }
  // Anthropic's SDK traces itself when a provider is registered: switched off on the copy, or every call counts twice.
  const copy = copyOf(client, kind === 'anthropic' ? { openTelemetry: false } : {});
  const before = observed.get(client);
  const sendsContext = before?.sendsContext ?? sendsTraceContext(client);
  return instrument(copy, kind, { ...before?.options, ...options }, sendsContext) as C;
}

interface Observed {
  readonly options: ObserveOptions;
  /** Its requests carry the trace context. */
  readonly sendsContext: boolean;
}

/** What the clients of ours were observed with: observing one again, or a copy of it, is the same and more. */
const observed = new WeakMap<object, Observed>();

/** Does Anthropic's own tracing, where there is one and the app has not switched it off, tell the API of its spans? */
const sendsTraceContext = ({ _tracer, openTelemetry }: Internal): boolean =>
  _tracer !== undefined && openTelemetry?.propagation === true;

function kindOf(client: Internal): Api['kind'] | undefined {
  if (typeof client?._options !== 'object') return undefined;
  if (typeof client.chat?.completions?.create === 'function') return 'openai';
  return typeof client.messages?.create === 'function' ? 'anthropic' : undefined;
}

/** Patches a client that nobody else holds, and what `withOptions` makes of it. */
function instrument(copy: Internal, kind: Api['kind'], options: ObserveOptions, sendsContext: boolean): Internal {
  const server = serverOf(copy, kind);
  const common = {
    server,
    book: bookOf(options.prices),
    content: contentOf(options.content),
    clock: options.clock ?? systemClock,
  };
  const asksForUsage = options.includeUsage ?? isUsageSafe(server);

  observed.set(copy, { options, sendsContext });
  const resource = (path: string): Internal => path.split('.').reduce((owner, name) => owner?.[name], copy);

  for (const { owner, names, api, usageOnRequest } of methods[kind]) {
    const settings = { ...common, api };
    const begin = (body: unknown, loop: Loop | undefined): Watch => {
      const inference = new InferenceSpan(asJson(body), settings, currentTracer(), loop);
      if (!usageOnRequest || !asksForUsage || !leavesUsageOpen(asJson(body))) return { inference, body };
      const asking = asJson(body);
      const copied = { ...asking, stream_options: { ...asJson(asking['stream_options']), include_usage: true } };
      return { inference, body: copied, show: withoutUsage };
    };
    for (const name of names) patchMethod(resource(owner), name, begin);
  }
  for (const { owner, names } of loops[kind]) for (const name of names) patchLoop(resource(owner), name);
  for (const { owner, names } of looks[kind]) for (const name of names) patchLook(resource(owner), name);
  for (const { owner, names, api } of results[kind]) {
    const settings = { ...common, api };
    const read = (line: unknown): void => {
      const { message } = asJson(asJson(line)['result']);
      if (message === undefined) return; // it failed, expired or was canceled, and cost nothing
      const asked = { model: asJson(message)['model'] };
      const inference = new InferenceSpan(asked, settings, currentTracer());
      // Whatever it says: what was inferred in a batch is billed as that.
      inference.answer({ ...asJson(message), usage: { ...asJson(asJson(message)['usage']), service_tier: 'batch' } });
      inference.end('complete');
    };
    for (const name of names) patchResults(resource(owner), name, read);
  }
  patchThreads(resource('beta.messages'));
  patchRetries(copy);
  if (sendsContext) patchTraceContext(copy);
  replace(
    copy,
    'withOptions',
    (original) => (changes: unknown) => instrument(original.call(copy, changes), kind, options, sendsContext),
  );
  return copy;
}

const isUsageSafe = ({ address }: Server): boolean => openaiHost.test(address) || isLoopback(address);
