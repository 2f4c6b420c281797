/** OpenAI responses, in the conventions' schema. */
import { asJson, asText, type Json } from '../observe/facts.ts';
import { toolsOf } from './chat.ts';
import {
  type ContentReader,
  grown,
  jsonText,
  listOf,
  type Message,
  medium,
  type Part,
  text,
  textOf,
} from './schema.ts';

export const responsesContent: ContentReader = {
  asked: (body) => ({
    system: textOf(body['instructions']),
    input:
      typeof body['input'] === 'string'
        ? [{ role: 'user', parts: textOf(body['input']) }]
        : listOf(body['input']).map(itemOf),
    tools: toolsOf(body['tools']),
  }),
  answered: (data) => listOf(data['output']).map(itemOf),
  /** A stream ends with the answer whole; where it is broken off, there are the items done and the text so far. */
  fold() {
    let whole: Json[] = [];
    const done: Json[] = [];
    let open: string | undefined;
    return {
      chunk(event) {
        const output = listOf(asJson(event['response'])['output']);
        if (output.length > 0) whole = output;
        if (event['type'] === 'response.output_text.delta') open = grown(open, event['delta']);
        if (event['type'] === 'response.output_item.done') {
          done.push(asJson(event['item']));
          open = undefined;
        }
      },
      output() {
        if (whole.length > 0) return whole.map(itemOf);
        const unfinished: Message[] = open === undefined ? [] : [{ role: 'assistant', parts: [text(open)] }];
        return [...done.map(itemOf), ...unfinished];
      },
    };
  },
};

function itemOf(item: Json): Message {
  const type = asText(item['type']) ?? 'message';
  const id = asText(item['call_id']) ?? asText(item['id']);
  switch (type) {
    case 'message': {
      const role = asText(item['role']) ?? 'user';
      const content = item['content'];
      return {
        role: role === 'developer' ? 'system' : role,
        parts: typeof content === 'string' ? textOf(content) : listOf(content).map(partOf),
      };
    }
    case 'function_call':
    case 'custom_tool_call':
      return assistant({
        type: 'tool_call',
        id,
        name: asText(item['name']),
        arguments: jsonText(item['arguments'] ?? item['input']),
      });
    case 'reasoning':
      return assistant({
        type: 'reasoning',
        content: [...listOf(item['summary']), ...listOf(item['content'])]
          .map((part) => asText(part['text']) ?? '')
          .join('\n'),
      });
    case 'image_generation_call':
      return assistant(medium('image', { data: item['result'], mime: `image/${item['output_format'] ?? 'png'}` }));
    default:
      if (type.endsWith('_output'))
        return { role: 'tool', parts: [{ type: 'tool_call_response', id, response: jsonText(item['output']) }] };
      if (type.endsWith('_call')) {
        const { type: _type, id: _id, call_id: _callId, status: _status, name, ...given } = item;
        return assistant({ type: 'server_tool_call', id, name: asText(name) ?? type, arguments: jsonText(given) });
      }
      return assistant({ type });
  }
}

const assistant = (part: Part): Message => ({ role: 'assistant', parts: [part] });

function partOf(part: Json): Part {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return text(asText(part['text']) ?? '');
    case 'refusal':
      return text(asText(part['refusal']) ?? '');
    case 'input_image':
      return medium('image', { url: asText(part['image_url']), id: asText(part['file_id']) });
    case 'input_file':
      return medium('file', { url: asText(part['file_url']), id: asText(part['file_id']), data: part['file_data'] });
    default:
      return { type: asText(part['type']) ?? 'unknown' };
  }
}
