/** OpenAI chat completions, as messages. */
import { asJson, asText, type Json } from '../observe/facts.ts';
import {
  type ContentReader,
  grown,
  jsonText,
  listOf,
  type Message,
  medium,
  type Part,
  placeOf,
  textOf,
} from './schema.ts';

export const chatContent: ContentReader = {
  // A system message stays among the messages: only what is sent apart from them is an instruction.
  asked: (body) => ({ system: [], input: listOf(body['messages']).map(messageOf), tools: toolsOf(body['tools']) }),
  answered: (data) =>
    listOf(data['choices']).map((choice) => ({
      ...messageOf(asJson(choice['message'])),
      finish_reason: asText(choice['finish_reason']),
    })),
  fold() {
    const choices: Growing[] = [];
    return {
      chunk(chunk) {
        for (const choice of listOf(chunk['choices'])) grow(choices, choice);
      },
      output: () =>
        choices.filter(Boolean).map(({ role, content, refusal, calls, finish }) => ({
          ...messageOf({ role, content, refusal, tool_calls: calls.filter(Boolean) }),
          finish_reason: finish,
        })),
    };
  },
};

interface Growing {
  role: string;
  content: string | undefined;
  refusal: string | undefined;
  finish: string | undefined;
  readonly calls: { id?: string | undefined; function: { name?: string | undefined; arguments: string } }[];
}

function grow(choices: Growing[], choice: Json): void {
  const index = placeOf(choice['index']);
  if (index === undefined) return;
  choices[index] ??= { role: 'assistant', content: undefined, refusal: undefined, finish: undefined, calls: [] };
  const growing = choices[index];
  const delta = asJson(choice['delta']);
  if (delta['content']) growing.content = grown(growing.content, delta['content']);
  if (delta['refusal']) growing.refusal = grown(growing.refusal, delta['refusal']);
  growing.finish = asText(choice['finish_reason']) ?? growing.finish;
  for (const piece of listOf(delta['tool_calls'])) {
    const at = placeOf(piece['index']);
    if (at === undefined) continue;
    const said = asJson(piece['function']);
    growing.calls[at] ??= { function: { arguments: '' } };
    const call = growing.calls[at];
    call.id = asText(piece['id']) ?? call.id;
    call.function.name = asText(said['name']) ?? call.function.name;
    call.function.arguments = grown(call.function.arguments, said['arguments']);
  }
}

function messageOf(message: Json): Message {
  const role = asText(message['role']) ?? 'user';
  const content = message['content'];
  if (role === 'tool' || role === 'function') {
    const id = asText(message['tool_call_id']) ?? asText(message['name']);
    return { role: 'tool', parts: [{ type: 'tool_call_response', id, response: jsonText(content) }] };
  }
  const parts = typeof content === 'string' ? textOf(content) : listOf(content).flatMap(partOf);
  const legacy = asJson(message['function_call']);
  const calls = legacy['name'] === undefined ? listOf(message['tool_calls']) : [{ function: legacy }];
  return {
    role: role === 'developer' ? 'system' : role,
    parts: [...parts, ...textOf(message['refusal']), ...calls.map(callOf)],
  };
}

function callOf(call: Json): Part {
  const called = asJson(call['function'] ?? call['custom']);
  const given = jsonText(called['arguments'] ?? called['input']);
  return { type: 'tool_call', id: asText(call['id']), name: asText(called['name']), arguments: given };
}

function partOf(part: Json): Part[] {
  const image = asJson(part['image_url']);
  const audio = asJson(part['input_audio']);
  const file = asJson(part['file']);
  switch (part['type']) {
    case 'text':
      return textOf(part['text']);
    case 'refusal':
      return textOf(part['refusal']);
    case 'image_url':
      return [medium('image', { url: asText(image['url']) })];
    case 'input_audio':
      return [medium('audio', { data: audio['data'], mime: `audio/${audio['format']}` })];
    case 'file':
      return [medium('file', { id: asText(file['file_id']), data: file['file_data'] })];
    default:
      return [{ type: asText(part['type']) ?? 'unknown' }];
  }
}

/** Tools of OpenAI: a function lies one level down in chat completions, flat in responses. */
export const toolsOf = (tools: unknown): Part[] =>
  listOf(tools).map((tool) => {
    const told = typeof tool['function'] === 'object' ? asJson(tool['function']) : tool;
    return definition(asText(tool['type']) ?? 'function', told['name'], told['description'], told['parameters']);
  });

export const definition = (type: string, name: unknown, description: unknown, parameters: unknown): Part => ({
  type,
  name: asText(name),
  description: asText(description),
  parameters: parameters === undefined ? undefined : jsonText(parameters),
});
