/**
 * Which attributes hold content: prompts, answers, tool arguments and results. They are cut out of the bytes in the
 * walk, before anything is written; the names are those of the GenAI conventions, OpenInference, OpenLLMetry, the Vercel
 * AI SDK and Langfuse (2026-10). A name that ends with a dot stands for all names that begin with it.
 */
const contentAttributes = [
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.prompt',
  'gen_ai.prompt.variable.',
  'gen_ai.completion',
  'gen_ai.choice',
  'gen_ai.evaluation.explanation',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  'input.value',
  'output.value',
  'llm.input_messages.',
  'llm.output_messages.',
  'llm.prompts.',
  'llm.prompts',
  'llm.completions.',
  'llm.invocation_parameters',
  'llm.tools.',
  'llm.function_call',
  'llm.prompt_template.template',
  'llm.prompt_template.variables',
  'embedding.text',
  'embedding.embeddings.',
  'retrieval.documents.',
  'reranker.query',
  'reranker.input_documents.',
  'reranker.output_documents.',
  'tool.parameters',
  'tool_call.function.arguments',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'traceloop.prompt.template',
  'traceloop.prompt.template_variables.',
  'ai.prompt',
  'ai.prompt.',
  'ai.response.text',
  'ai.response.object',
  'ai.response.reasoning',
  'ai.response.toolCalls',
  'ai.response.files',
  'ai.result.text',
  'ai.result.object',
  'ai.result.toolCalls',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'ai.value',
  'ai.values',
  'ai.embedding',
  'ai.embeddings',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langfuse.trace.input',
  'langfuse.trace.output',
] as const;

/** Prefix families whose members carry a number: `gen_ai.prompt.0.content`. The conventions' own `gen_ai.prompt.name` and `.version` stay. */
const numberedFamilies = ['gen_ai.prompt.', 'gen_ai.completion.'] as const;

export type Redactor = (bytes: Uint8Array, start: number, end: number) => string | undefined;

interface Pattern {
  readonly name: string;
  readonly bytes: Buffer;
  readonly numbered: boolean;
}

/**
 * A function that says which pattern the key at `start..end` falls under, undefined when it may stay. It makes no
 * strings, and compares from the end, where names that begin alike differ.
 * @param names what is cut; a name that ends with a dot stands for all that begin with it. @default what holds content
 */
export function createRedactor(names: readonly string[] = contentAttributes): Redactor {
  const exact = new Map<number, Pattern[]>();
  const prefixes: Pattern[][] = Array.from({ length: 256 }, () => []); // by their first byte
  for (const name of names) {
    const pattern = { name, bytes: Buffer.from(name), numbered: false };
    if (name.endsWith('.')) prefixes[pattern.bytes[0] as number]?.push(pattern);
    else exact.set(pattern.bytes.length, [...(exact.get(pattern.bytes.length) ?? []), pattern]);
  }
  for (const name of names === contentAttributes ? numberedFamilies : []) {
    prefixes[name.charCodeAt(0)]?.push({ name, bytes: Buffer.from(name), numbered: true });
  }
  const longest = Math.max(0, ...exact.keys());
  const byLength: (readonly Pattern[] | undefined)[] = Array.from({ length: longest + 1 }, (_, length) =>
    exact.get(length),
  );

  return (bytes, start, end) => {
    const length = end - start;
    const candidates = length <= longest ? byLength[length] : undefined;
    if (candidates)
      for (const candidate of candidates) if (startsWith(bytes, start, candidate.bytes)) return candidate.name;
    for (const prefix of prefixes[bytes[start] as number] as readonly Pattern[]) {
      if (length <= prefix.bytes.length || !startsWith(bytes, start, prefix.bytes)) continue;
      const next = bytes[start + prefix.bytes.length] as number;
      if (!prefix.numbered || (next >= 0x30 && next <= 0x39)) return prefix.name;
    }
    return undefined;
  };
}

function startsWith(bytes: Uint8Array, start: number, wanted: Buffer): boolean {
  for (let index = wanted.length - 1; index >= 0; index--) if (bytes[start + index] !== wanted[index]) return false;
  return true;
}
