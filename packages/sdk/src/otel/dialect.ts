/**
 * Spans of other instrumentations, read as inferences: Anthropic's own tracing, the Vercel AI SDK, OpenInference,
 * OpenTelemetry's and OpenLLMetry's. Which attributes mean what stands in the table of words.
 */
import type { Attributes } from '@opentelemetry/api';
import { type Usage, type Word, words } from '@routescope/conventions';

export interface Foreign {
  /** `gen_ai.operation.name` */
  readonly operation: string;
  /** `gen_ai.provider.name`; empty when nobody tells. */
  readonly provider: string;
  readonly requestModel: string;
  readonly responseModel: string | undefined;
  /** Host, with the port unless it is the scheme's own. */
  readonly host: string;
  readonly usage: Usage;
  /** As the answer names it. */
  readonly tier: string | undefined;
  /** As it was asked for. */
  readonly requestTier: unknown;
  /** The sender has said what it cost. */
  readonly hasCost: boolean;
}

/** Operations that carry billable usage; agent and workflow spans may repeat their children's. */
const inferences = new Set(['chat', 'generate_content', 'text_completion', 'embeddings']);

const openInferenceKinds: Readonly<Record<string, string>> = { LLM: 'chat', EMBEDDING: 'embeddings' };
const requestTypes: Readonly<Record<string, string>> = {
  chat: 'chat',
  completion: 'text_completion',
  embedding: 'embeddings',
};

/** The operation, when the attributes are an inference's; undefined for everything else. */
export function operationOf(attributes: Attributes): string | undefined {
  const named = attributes['gen_ai.operation.name'];
  if (named !== undefined) return inferences.has(String(named)) ? String(named) : undefined;
  const kind = attributes['openinference.span.kind'];
  if (kind !== undefined) return openInferenceKinds[String(kind)];
  // The Vercel AI SDK repeats the usage of its calls on their parent: only what goes to a provider counts.
  const vercel = attributes['ai.operationId'];
  if (vercel !== undefined)
    return /\.do(Generate|Stream|Embed)$/.exec(String(vercel))?.[1] === 'Embed'
      ? 'embeddings'
      : /\.do(Generate|Stream)$/.test(String(vercel))
        ? 'chat'
        : undefined;
  const type = attributes['llm.request.type'];
  if (type !== undefined) return requestTypes[String(type)];
  return attributes['gen_ai.system'] !== undefined && attributes['gen_ai.request.model'] !== undefined
    ? 'chat'
    : undefined;
}

/** What the span says, once it is complete; undefined when it is no inference. */
export function read(attributes: Attributes): Foreign | undefined {
  const operation = operationOf(attributes);
  if (operation === undefined) return undefined;
  const text = (column: string): string => String(first(attributes, column) ?? '');
  const count = (column: string): number | null => {
    const value = Number(first(attributes, column) ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? value : null;
  };
  const cacheReadTokens = count('cache_read_tokens');
  const cacheWriteTokens = count('cache_write_tokens');
  const said = count('input_tokens');
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  const port = attributes['server.port'];
  const address = text('server_address');
  return {
    operation,
    provider: providerOf(text('provider') || String(attributes['ai.model.provider'] ?? ''), text('request_model')),
    requestModel: text('request_model'),
    responseModel: text('response_model') || undefined,
    host: port === undefined || port === 443 || port === 80 ? address : `${address}:${port}`,
    usage: {
      // A total smaller than its parts is what a provider calls input: without the cache.
      inputTokens: said !== null && cached > said ? said + cached : said,
      outputTokens: count('output_tokens'),
      cacheReadTokens,
      cacheWriteTokens,
      cacheWrite1hTokens: count('cache_write_1h_tokens'),
      reasoningTokens: count('reasoning_tokens'),
      audioInputTokens: count('audio_input_tokens') ?? undefined,
      audioOutputTokens: count('audio_output_tokens') ?? undefined,
    },
    tier: text('service_tier') || undefined,
    requestTier: attributes['openai.request.service_tier'] ?? attributes['gen_ai.openai.request.service_tier'],
    hasCost: says(attributes, 'cost_usd'),
  };
}

/** Whether the word of that column stands on the span, in whosever words. */
export const says = (attributes: Attributes, column: 'session_id' | 'cost_usd'): boolean =>
  first(attributes, column) !== undefined;

const byColumn: ReadonlyMap<string, Word> = new Map(words.map((word) => [word.column as string, word]));

/** The first attribute present of those that mean the column's word, in order of trust. */
function first(attributes: Attributes, column: string): unknown {
  const word = byColumn.get(column);
  for (const name of word ? [word.attribute, ...(word.alsoRead ?? [])] : [])
    if (attributes[name] !== undefined) return attributes[name];
  return undefined;
}

/** Other names of the conventions' providers; what stands after a first dot is a provider's API. */
const providers: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  'azure-openai': 'azure.ai.openai',
  'az.ai.openai': 'azure.ai.openai',
  'az.ai.inference': 'azure.ai.inference',
  aws: 'aws.bedrock',
  bedrock: 'aws.bedrock',
  'amazon-bedrock': 'aws.bedrock',
  google: 'gcp.gemini',
  'google.generative-ai': 'gcp.gemini',
  'google.vertex.chat': 'gcp.vertex_ai',
  vertexai: 'gcp.vertex_ai',
  vertex_ai: 'gcp.vertex_ai',
  gemini: 'gcp.gemini',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  xai: 'x_ai',
  moonshotai: 'moonshot_ai',
};

const standardNames = /^(aws|azure|gcp|ibm)\./;

function providerOf(said: string, model: string): string {
  const name = said.toLowerCase();
  if (name === '') return /^claude/.test(model) ? 'anthropic' : /^(gpt|o\d|text-embedding)/.test(model) ? 'openai' : '';
  const known = providers[name];
  if (known !== undefined || standardNames.test(name)) return known ?? name;
  const [family = ''] = name.split('.');
  return providers[family] ?? family;
}
