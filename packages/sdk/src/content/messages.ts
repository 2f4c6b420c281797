/** Anthropic messages, in the conventions' schema. */
import { asJson, asText, type Json } from '../observe/facts.ts';
import { definition } from './chat.ts';
import {
  type ContentReader,
  grown,
  jsonText,
  listOf,
  type Message,
  medium,
  type Part,
  placeOf,
  text,
  textOf,
} from './schema.ts';

export const messagesContent: ContentReader = {
  asked: (body) => ({
    system: partsOf(body['system']),
    input: listOf(body['messages']).map((message) => ({
      role: asText(message['role']) ?? 'user',
      parts: partsOf(message['content']),
    })),
    tools: listOf(body['tools']).map((tool) =>
      definition(asText(tool['type']) ?? 'function', tool['name'], tool['description'], tool['input_schema']),
    ),
  }),
  answered: (data) => [answer(partsOf(data['content']), asText(data['stop_reason']))],
  fold() {
    const blocks: Record<string, unknown>[] = [];
    let stop: string | undefined;
    return {
      chunk(event) {
        const index = placeOf(event['index']) ?? -1;
        const block = blocks[index];
        const delta = asJson(event['delta']);
        if (event['type'] === 'content_block_start') {
          if (index >= 0) blocks[index] = { ...asJson(event['content_block']) };
        } else if (event['type'] === 'message_delta') stop = asText(delta['stop_reason']) ?? stop;
        else if (block) growBlock(block, delta);
      },
      output: () => [answer(blocks.filter(Boolean).map(partOf), stop)],
    };
  },
};

const answer = (parts: readonly Part[], finish_reason: string | undefined): Message => ({
  role: 'assistant',
  parts,
  finish_reason,
});

function growBlock(block: Record<string, unknown>, delta: Json): void {
  for (const name of ['text', 'thinking'])
    if (delta[name] !== undefined) block[name] = grown(asText(block[name]), delta[name]);
  // The block begins with an empty object; what fills it comes as the text of one.
  if (delta['partial_json'] !== undefined)
    block['input'] = grown(typeof block['input'] === 'string' ? block['input'] : '', delta['partial_json']);
}

const partsOf = (content: unknown): Part[] =>
  typeof content === 'string' ? textOf(content) : listOf(content).map(partOf);

function partOf(block: Json): Part {
  const type = asText(block['type']) ?? 'unknown';
  switch (type) {
    case 'text':
      return text(asText(block['text']) ?? '');
    case 'thinking':
      return { type: 'reasoning', content: asText(block['thinking']) ?? '' };
    case 'redacted_thinking':
      return { type: 'reasoning', content: '' };
    case 'image':
    case 'document': {
      const source = asJson(block['source']);
      const { url, file_id: id, data, media_type: mime } = source as Record<string, string | undefined>;
      return medium(type === 'image' ? 'image' : 'file', { url, id, data, mime });
    }
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return {
        type: type === 'tool_use' ? 'tool_call' : 'server_tool_call',
        id: asText(block['id']),
        name: asText(block['name']),
        arguments: jsonText(block['input']),
      };
    case 'tool_result':
      return { type: 'tool_call_response', id: asText(block['tool_use_id']), response: jsonText(block['content']) };
    case 'compaction':
      return { type, content: jsonText(block['content']) };
    default:
      return type.endsWith('_tool_result')
        ? { type: 'server_tool_call_response', id: asText(block['tool_use_id']), response: jsonText(block['content']) }
        : { type };
  }
}
