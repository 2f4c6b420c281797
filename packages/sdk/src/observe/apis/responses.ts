/** OpenAI responses: `responses.create`, `.compact` and their beta twins. */
import { type Nested, type Served, type Usage, unknownUsage } from '@routescope/conventions';
import { responsesContent } from '../../content/responses.ts';
import {
  type AnswerFacts,
  type Api,
  asCount,
  asJson,
  asNumber,
  asText,
  asTokens,
  type Fold,
  type Json,
  nothingKnown,
  say,
  withCache,
} from '../facts.ts';
import { cachedAudioOf, cachedImageOf, servedOf as servedBy } from './chat-completions.ts';

export const responses: Api = {
  kind: 'openai',
  operation: 'chat',
  sayRequest(said, body) {
    say(said, 'gen_ai.request.max_tokens', body['max_output_tokens']);
    say(said, 'gen_ai.request.temperature', body['temperature']);
    say(said, 'gen_ai.request.top_p', body['top_p']);
    say(said, 'gen_ai.request.previous_response.id', body['previous_response_id']);
    say(said, 'gen_ai.request.reasoning.level', asJson(body['reasoning'])['effort']);
    say(said, 'gen_ai.request.stream', body['stream'] === true || undefined);
    say(said, 'openai.api.type', 'responses');
    say(said, 'openai.request.service_tier', body['service_tier'] === 'auto' ? undefined : body['service_tier']);
  },
  answer: factsOf,
  fold,
  content: responsesContent,
};

function factsOf(data: Json): AnswerFacts {
  // Some servers say zeros until it is over.
  const tokens = isUnderWay(data) ? undefined : tokensOf(data['usage']);
  return {
    id: asText(data['id']),
    model: asText(data['model']),
    finishReasons: finishReasonsOf(data),
    usage: tokens ? { ...tokens, ...toolsOf(data) } : unknownUsage,
    isUsageFinal: tokens !== undefined,
    isUnderWay: isUnderWay(data),
    served: servedOf(data),
  };
}

const isUnderWay = ({ status }: Json): boolean => status === 'queued' || status === 'in_progress';

type Tools = Pick<Usage, 'webSearches' | 'fileSearches' | 'unmetered'>;

/** What the provider's tools did, as far as it is billed. Newer answers count the searches; older ones list them. */
function toolsOf(data: Json): Tools {
  const output = listOf(data['output']);
  // xAI's own searches and tools, some of which stand in no output.
  const isAided = (asTokens(asJson(data['usage'])['num_server_side_tools_used']) ?? 0) > 0;
  if (output.length === 0 && !isAided) return {};
  const isPreview = listOf(data['tools']).some((tool) => asText(tool['type'])?.startsWith('web_search_preview'));
  const counted = asTokens(asJson(asJson(data['tool_usage'])['web_search'])['num_requests']);
  const unmetered = new Set<string>(isAided ? ['server_side_tools'] : []);
  let searches = 0;
  let fileSearches = 0;
  for (const item of output) {
    const type = item['type'];
    if (type === 'file_search_call') fileSearches++;
    // Opening a page that was found is not billed, searching is.
    else if (type === 'web_search_call' && (asText(asJson(item['action'])['type']) ?? 'search') === 'search')
      searches++;
    // By the container, which other answers may have used before and after.
    else if (type === 'code_interpreter_call') unmetered.add(type);
    else if (type === 'shell_call' && asText(asJson(item['environment'])['type'])?.startsWith('container'))
      unmetered.add('container');
    else if (type === 'image_generation_call' && data['tool_usage'] === undefined) unmetered.add(type);
  }
  const webSearches = counted ?? searches;
  // The preview's fee and what of its input is billed differ by model, and the answer does not tell.
  if (isPreview && webSearches > 0) unmetered.add('web_search_preview');
  return {
    webSearches: isPreview ? undefined : webSearches,
    fileSearches,
    unmetered: unmetered.size > 0 ? [...unmetered] : undefined,
  };
}

/** Images that a response generated were made by a model of their own. */
function servedOf(data: Json): Served | undefined {
  const made = tokensOf(asJson(data['tool_usage'])['image_gen']);
  const tool = listOf(data['tools']).find(({ type }) => type === 'image_generation');
  const nested: Nested[] =
    made && ((made.inputTokens ?? 0) > 0 || (made.outputTokens ?? 0) > 0)
      ? [{ model: asText(tool?.['model']) ?? '', usage: made }]
      : [];
  const served = servedBy(asText(data['service_tier']), data['usage']);
  return nested.length > 0 ? { ...served, nested } : served;
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(asJson) : []);

/** The answer stands whole in the events that begin and end a stream; the last one that has it counts. */
function fold(): Fold {
  let response: Json | undefined;
  return {
    chunk(chunk) {
      const said = asJson(chunk)['response'];
      if (typeof said === 'object' && said !== null) response = said as Json;
    },
    facts: () => (response ? factsOf(response) : { ...nothingKnown, finishReasons: ['error'] }),
  };
}

/** The API has a status, and a reason only where an answer stayed incomplete. */
function finishReasonsOf(data: Json): string[] {
  const status = asText(data['status']);
  if (status === 'completed') {
    const output = Array.isArray(data['output']) ? data['output'] : [];
    return [output.some((item) => asJson(item)['type'] === 'function_call') ? 'tool_calls' : 'stop'];
  }
  if (status === 'incomplete') return [asText(asJson(data['incomplete_details'])['reason']) ?? 'incomplete'];
  if (status === 'in_progress') return ['error']; // expected, and missing
  return status ? [status] : [];
}

/** The form of usage that responses, images and transcriptions share; undefined when the answer has none. */
export function tokensOf(value: unknown): Usage | undefined {
  const usage = asJson(value);
  if (usage['type'] === 'duration') return { ...unknownUsage, audioSeconds: secondsOf(usage['seconds']) };
  const input = asTokens(usage['input_tokens']);
  const output = asTokens(usage['output_tokens']);
  if (input === null && output === null) return undefined;
  const inputDetails = asJson(usage['input_tokens_details'] ?? usage['input_token_details']);
  const cachedDetails = asJson(inputDetails['cached_tokens_details'] ?? usage['cached_tokens_details']);
  const outputDetails = asJson(usage['output_tokens_details']);
  const read = asTokens(inputDetails['cached_tokens']) ?? asTokens(usage['cached_tokens']);
  const written = asTokens(inputDetails['cache_write_tokens']);
  return {
    inputTokens: withCache(input, read, written),
    outputTokens: output,
    cacheReadTokens: read,
    cacheReadAudioTokens: cachedAudioOf(cachedDetails),
    cacheReadImageTokens: cachedImageOf(cachedDetails),
    cacheWriteTokens: written,
    cacheWrite1hTokens: null,
    reasoningTokens: asTokens(outputDetails['reasoning_tokens']),
    cacheWrite12hTokens: asCount(asJson(inputDetails['cache_write_tokens_details'])['ttl_12h_tokens']),
    textInputTokens: asCount(inputDetails['text_tokens']),
    audioInputTokens: asCount(inputDetails['audio_tokens']),
    imageInputTokens: asCount(inputDetails['image_tokens']),
    textOutputTokens: asCount(outputDetails['text_tokens']),
    imageOutputTokens: asCount(outputDetails['image_tokens']),
  };
}

const secondsOf = (value: unknown): number | undefined => {
  const seconds = asNumber(value);
  return seconds === null || seconds < 0 ? undefined : seconds;
};
