/** Where what was asked for or served is not what the route says: somebody's own code, or a provider's substitution. */
import type { Inference } from '../context.ts';

export interface Expected {
  readonly model: string;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
}

/** Names of what differs: `request_model`, `response_model`, `max_tokens`, `temperature`. */
export function mismatchOf(expected: Expected, inference: Inference): string[] {
  const found: string[] = [];
  const { requestModel, responseModel, requestMaxTokens, requestTemperature } = inference;
  if (!isSameModel(requestModel, expected.model)) found.push('request_model');
  // Azure is asked by the name of a deployment, and answers with the model's.
  const isNamedFreely = inference.provider.startsWith('azure');
  if (responseModel && !isNamedFreely && !isSameModel(responseModel, expected.model)) found.push('response_model');
  if (expected.maxTokens !== undefined && !(Number(requestMaxTokens) <= expected.maxTokens)) found.push('max_tokens');
  if (expected.temperature !== undefined && requestTemperature !== expected.temperature) found.push('temperature');
  return found;
}

/** The same model by any of its names: dated or not, with a vendor before it or not. */
export const isSameModel = (a: string, b: string): boolean => bare(a) === bare(b);

const bare = (model: string): string =>
  model
    .toLowerCase()
    .replace(/^.*\//, '')
    .replace(/^(?:[a-z]{2,6}\.)?(?:anthropic|openai|mistral|meta|amazon)\./, '')
    .replace(/-v\d+(?::\d+)?$/, '')
    .replace(/[-@:](?:latest|\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$/, '');
