/** Who answers: told by the client's class, else by the host that is asked (GenAI conventions' `gen_ai.provider.name`). */

/** OpenAI's own, that of everywhere and those of a region (`eu.api.openai.com`). */
export const openaiHost = /^([a-z]{2}\.)?api\.openai\.com$/;

const hosts: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)(openai|cognitiveservices)\.azure\.com$/, 'azure.ai.openai'],
  [/(^|\.)services\.ai\.azure\.com$/, 'azure.ai.inference'],
  [openaiHost, 'openai'],
  [/^api\.anthropic\.com$/, 'anthropic'],
  [/^api\.groq\.com$/, 'groq'],
  [/^api\.deepseek\.com$/, 'deepseek'],
  [/^api\.mistral\.ai$/, 'mistral_ai'],
  [/^api\.x\.ai$/, 'x_ai'],
  [/^api\.perplexity\.ai$/, 'perplexity'],
  [/^api\.moonshot\.(ai|cn)$/, 'moonshot_ai'],
  [/^openrouter\.ai$/, 'openrouter'],
  [/(^|\.)amazonaws\.com$/, 'aws.bedrock'],
  [/^api\.cohere\.(com|ai)$/, 'cohere'],
  [/^generativelanguage\.googleapis\.com$/, 'gcp.gemini'],
  [/(^|\.)googleapis\.com$/, 'gcp.vertex_ai'],
];

const classes: Readonly<Record<string, string>> = {
  AzureOpenAI: 'azure.ai.openai',
  BedrockOpenAI: 'aws.bedrock',
  AnthropicBedrock: 'aws.bedrock',
  AnthropicBedrockMantle: 'aws.bedrock',
  AnthropicVertex: 'gcp.vertex_ai',
  AnthropicFoundry: 'azure.ai.inference',
};

/** What openai 7 calls the clouds that its one class can be pointed at (`openai/providers/…`). */
const runtimes: Readonly<Record<string, string>> = { bedrock: 'aws.bedrock', vertex: 'gcp.vertex_ai' };

export interface Server {
  readonly provider: string;
  /** Host without the port. */
  readonly address: string;
  readonly port: number;
  /** Host with the port, unless it is the scheme's own: how a user's price file names an endpoint. */
  readonly host: string;
  /** Neither class nor host tells whose it is: a gateway, or a server of one's own. */
  readonly isUnknown: boolean;
}

/** @param kind what the client speaks; the provider when neither class nor host says more. */
export function serverOf(client: object, kind: 'openai' | 'anthropic'): Server {
  const { baseURL, _provider } = client as { baseURL?: unknown; _provider?: { name?: string } };
  const url = new URL(String(baseURL ?? ''));
  const told = byClass(client) ?? runtimes[_provider?.name ?? ''];
  const byHost = hosts.find(([pattern]) => pattern.test(url.hostname))?.[1];
  return {
    provider: told ?? byHost ?? kind,
    address: url.hostname,
    port: Number(url.port || (url.protocol === 'http:' ? 80 : 443)),
    host: url.host,
    isUnknown: told === undefined && byHost === undefined,
  };
}

/** An app's subclass is of the cloud that the class below it is. */
function byClass(client: object): string | undefined {
  for (let level = Object.getPrototypeOf(client); level; level = Object.getPrototypeOf(level)) {
    const found = classes[level.constructor?.name];
    if (found) return found;
  }
  return undefined;
}

export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '[::1]' || address.startsWith('127.');
