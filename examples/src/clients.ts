/** The clients an example routes to: your own, observed. */
import type { AnthropicClient, OpenAIClient } from '@routescope/sdk/router';

/** `{ openai: observe(new OpenAI()), anthropic: observe(new Anthropic()) }` */
export interface Clients {
  readonly openai: OpenAIClient;
  readonly anthropic: AnthropicClient;
}
