/** A recorded answer as it is sent: untouched, or with the numbers, the model and the text of the moment in it. */
import type { Fixture, Json } from './fixtures.ts';

export interface Changes {
  /** The token counts to say instead of the recorded ones. */
  readonly usage?: { readonly input: number; readonly output: number };
  /** The model to say instead of the recorded one. */
  readonly model?: string;
  /** The text to say instead of the recorded one. */
  readonly text?: string;
}

/** A copy of the recording's payloads with the changes made; laws of usage are kept (parts never above their whole). */
export function replay(fixture: Fixture, changes: Changes): Json[] {
  const payloads: Json[] = structuredClone(fixture.payloads as Json[]);
  if (fixture.api === 'openai') for (const payload of payloads) changeOpenai(payload, changes);
  else for (const payload of payloads) changeAnthropic(payload, changes);
  if (changes.text !== undefined) {
    return fixture.api === 'openai'
      ? withOpenaiText(payloads, changes.text, fixture.isStream)
      : withAnthropicText(payloads, changes.text, fixture.isStream);
  }
  return payloads;
}

function changeOpenai(payload: Json, { usage, model }: Changes): void {
  if (model !== undefined && payload.model) payload.model = model;
  const said = payload.usage ?? payload.x_groq?.usage;
  if (!usage || !said) return;
  said.prompt_tokens = usage.input;
  said.completion_tokens = usage.output;
  said.total_tokens = usage.input + usage.output;
  cap(said.prompt_tokens_details, usage.input);
  cap(said.completion_tokens_details, usage.output);
}

function cap(details: Json, most: number): void {
  for (const [name, value] of Object.entries(details ?? {}))
    if (typeof value === 'number') details[name] = Math.min(value, most);
}

function changeAnthropic(payload: Json, { usage, model }: Changes): void {
  const message = payload.type === 'message_start' ? payload.message : payload;
  if (model !== undefined && message.model) message.model = model;
  if (!usage || !message.usage) return;
  const said = message.usage;
  const cached = (said.cache_read_input_tokens ?? 0) + (said.cache_creation_input_tokens ?? 0);
  if (said.input_tokens !== undefined) said.input_tokens = Math.max(0, usage.input - cached);
  // The start of a stream says a placeholder, as the recording does.
  if (payload.type !== 'message_start') said.output_tokens = usage.output;
  delete said.iterations;
}

function withOpenaiText(payloads: Json[], text: string, isStream: boolean): Json[] {
  if (!isStream) {
    const [answer] = payloads;
    answer.choices = [
      { ...answer.choices[0], message: { role: 'assistant', content: text, refusal: null }, finish_reason: 'stop' },
    ];
    return payloads;
  }
  const isDelta = (payload: Json): boolean =>
    typeof payload.choices?.[0]?.delta?.content === 'string' && payload.choices[0].delta.content !== '';
  const first = payloads.findIndex(isDelta);
  return payloads.filter((payload, index) => {
    if (!isDelta(payload)) return true;
    if (index === first) payload.choices[0].delta.content = text;
    return index === first;
  });
}

function withAnthropicText(payloads: Json[], text: string, isStream: boolean): Json[] {
  if (!isStream) {
    payloads[0].content = [{ type: 'text', text }];
    payloads[0].stop_reason = 'end_turn';
    return payloads;
  }
  const isDelta = (payload: Json): boolean => payload.delta?.type === 'text_delta';
  const first = payloads.findIndex(isDelta);
  return payloads.filter((payload, index) => {
    if (!isDelta(payload)) return true;
    if (index === first) payload.delta.text = text;
    return index === first;
  });
}
