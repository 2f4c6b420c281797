/** The provider's own account of what it sent: usage from the very bytes, cost from its own list. */
import type { Api, Json } from './fixtures.ts';
import { billPico, type Charge, type Tokens } from './prices.ts';

/** Sums of the answers of one model. Money is whole pico-USD. */
export interface Account {
  answers: number;
  /** Answers whose bytes said how many tokens. */
  known: number;
  /** Known answers of a model that is not in the price list. */
  unpriced: number;
  input: bigint;
  output: bigint;
  cacheRead: bigint;
  cacheWrite: bigint;
  costPico: bigint;
}

const empty = (): Account => ({
  answers: 0,
  known: 0,
  unpriced: 0,
  input: 0n,
  output: 0n,
  cacheRead: 0n,
  cacheWrite: 0n,
  costPico: 0n,
});

export class Ledger {
  /** By `api/model`, the model as the bytes said it. */
  readonly accounts = new Map<string, Account>();
  requests = 0;

  /** Enters one answer: the payloads that were written before the connection ended. */
  enter(api: Api, payloads: readonly Json[], requestedModel: string): void {
    const model =
      api === 'openai'
        ? payloads.find((payload) => payload.model)?.model
        : (servedBy(payloads) ?? payloads[0]?.message?.model ?? payloads[0]?.model);
    const key = `${api}/${model ?? requestedModel}`;
    const account = this.accounts.get(key) ?? empty();
    this.accounts.set(key, account);
    account.answers++;
    const bill =
      api === 'openai'
        ? openaiBill(payloads, model ?? requestedModel)
        : anthropicBill(payloads, model ?? requestedModel);
    if (!bill) return;
    const { usage, charges, searches } = bill;
    account.known++;
    account.input += usage.input;
    account.output += usage.output;
    account.cacheRead += usage.cacheRead;
    account.cacheWrite += usage.cacheWrite;
    const pico = charges && billPico(charges, searches);
    if (pico === undefined) account.unpriced++;
    else account.costPico += pico;
  }

  total(): Account {
    const sum = empty();
    for (const account of this.accounts.values()) {
      for (const name of ['answers', 'known', 'unpriced'] as const) sum[name] += account[name];
      for (const name of ['input', 'output', 'cacheRead', 'cacheWrite', 'costPico'] as const)
        sum[name] += account[name];
    }
    return sum;
  }
}

/** A number that can be no count of tokens was not said. */
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const count = (value: unknown): bigint => BigInt(isCount(value) ? value : 0);

/** What an answer used, and who is to be paid for it; without charges when the list has no words for what it used. */
interface Bill {
  readonly usage: Tokens;
  readonly charges: readonly Charge[] | undefined;
  readonly searches: bigint;
}

/** The last usage said. xAI puts reasoning beside the completion: its total tells. */
function openaiBill(payloads: readonly Json[], model: string): Bill | undefined {
  const usage = payloads.findLast((payload) => payload.usage ?? payload.x_groq?.usage);
  const said = usage?.usage ?? usage?.x_groq?.usage;
  if (!isCount(said?.prompt_tokens) && !isCount(said?.completion_tokens)) return undefined;
  const [prompt, completion, total] = [
    count(said.prompt_tokens),
    count(said.completion_tokens),
    count(said.total_tokens),
  ];
  const reasoning = count(said.completion_tokens_details?.reasoning_tokens);
  const tokens = {
    input: prompt,
    output: reasoning > 0n && prompt + completion + reasoning === total ? completion + reasoning : completion,
    cacheRead: count(said.prompt_tokens_details?.cached_tokens ?? said.prompt_cache_hit_tokens),
    cacheWrite: count(said.prompt_tokens_details?.cache_write_tokens),
    cacheWrite1h: 0n,
  };
  const hasAudio =
    count(said.prompt_tokens_details?.audio_tokens) + count(said.completion_tokens_details?.audio_tokens) > 0n;
  const tier = payloads.findLast((payload) => payload.service_tier)?.service_tier;
  return { usage: tokens, charges: hasAudio ? undefined : [{ model, tokens, tier }], searches: 0n };
}

/** Counts are cumulative over a stream: what an event says replaces what was said before. */
function anthropicBill(payloads: readonly Json[], model: string): Bill | undefined {
  const said: Json = {};
  for (const payload of payloads) {
    const usage = payload.type === 'message_start' ? payload.message.usage : payload.usage;
    for (const [name, value] of Object.entries(usage ?? {})) if (value !== null) said[name] = value;
  }
  if (!isCount(said.input_tokens) && !isCount(said.output_tokens)) return undefined;
  const terms = { tier: said.speed === 'fast' ? 'fast' : said.service_tier, isInUs: said.inference_geo === 'us' };
  const usage = anthropicTokens(said);
  const iterations: Json[] = said.iterations ?? [];
  const byModel = iterations.map((each) => ({
    own: isOwn(each, model),
    model: each.model ?? model,
    tokens: anthropicTokens(each),
  }));
  const own = byModel.filter((each) => each.own);
  const explains = (name: 'input' | 'output'): boolean =>
    own.reduce((sum, each) => sum + each.tokens[name], 0n) === usage[name];
  // Its own iterations say where a long context begins anew; where they do not add up, the total does.
  const ownCharges = own.length > 0 && explains('input') && explains('output') ? own : [{ model, tokens: usage }];
  const others = byModel.filter((each) => !each.own);
  return {
    usage,
    charges:
      said.fallback_credit?.status?.type === 'redeemed'
        ? undefined
        : [...ownCharges, ...others].map((each) => ({ model: each.model, tokens: each.tokens, ...terms })),
    searches: count(said.server_tool_use?.web_search_requests),
  };
}

/** Compactions, advice and models that declined are billed beside the answer. */
const isOwn = (iteration: Json, model: string): boolean =>
  ['message', 'fallback_message'].includes(iteration.type) && (iteration.model ?? model) === model;

/** A stream may go on with another model than it began with. */
const servedBy = (payloads: readonly Json[]): string | undefined =>
  payloads.findLast((payload) => payload.content_block?.type === 'fallback')?.content_block.to.model;

function anthropicTokens(said: Json): Tokens {
  const cacheRead = count(said.cache_read_input_tokens);
  const cacheWrite = count(said.cache_creation_input_tokens);
  return {
    input: count(said.input_tokens) + cacheRead + cacheWrite,
    output: count(said.output_tokens),
    cacheRead,
    cacheWrite,
    cacheWrite1h: count(said.cache_creation?.ephemeral_1h_input_tokens),
  };
}
