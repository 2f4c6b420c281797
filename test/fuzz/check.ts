/** One run: a broken body goes the sidecar's way and protobufjs's, and both must say the same. */
import { isDeepStrictEqual } from 'node:util';
import { Buffers, Malformed, Redactor, requestFromJson, walk } from './parts.ts';
import { type Flat, recordsOf, type Span, spansOf } from './reference.ts';

const buffers = new Buffers();
const nothingSeen = { add: () => [], remove: () => {} };
const redactor = new Redactor();
/** Cuts nothing: what comes out must be what went in. */
const open = {
  unknownField: undefined,
  attribute: () => undefined,
  text: () => undefined,
  statusBytes: (_: Uint8Array, start: number, end: number) => end - start,
} as unknown as typeof redactor;

interface Walked {
  readonly flat: Flat[];
  readonly cuts: number;
}

/** @throws Malformed as the walk does; any other error is a finding. */
function walked(body: Buffer, redact: typeof redactor): Walked {
  let cuts = 0;
  const { records, buffer, spans } = walk(
    { buffer: Buffer.from(body), length: body.length },
    { signal: 'traces', seen: nothingSeen, redact, onCut: () => cuts++, buffers, receivedAtUnixNano: 5n },
  );
  const flat = recordsOf(Buffer.concat(records));
  buffers.give(buffer);
  if (flat.length !== spans) throw new Error(`${spans} records were said, ${flat.length} are there`);
  return { flat, cuts };
}

/** @returns whether the body was taken. @throws Error that says what is wrong. */
export function checkProtobuf(body: Buffer): boolean {
  let whole: Walked;
  try {
    whole = walked(body, open);
  } catch (problem) {
    if (problem instanceof Malformed) return false;
    throw problem;
  }
  const wanted = spansOf(body);
  if (whole.flat.length !== wanted.length)
    throw new Error(`${whole.flat.length} spans, protobufjs has ${wanted.length}`);
  for (const [index, flat] of whole.flat.entries()) {
    const reference = wanted[index] as Flat;
    for (const part of ['resource', 'scope', 'span'] as const)
      if (!isDeepStrictEqual(flat[part], reference[part]))
        throw new Error(`the ${part} of span ${index} is not protobufjs's`);
  }
  const cut = walked(body, redactor);
  if (cut.flat.length !== wanted.length) throw new Error('redaction changed the number of spans');
  for (const [index, { span }] of cut.flat.entries()) checkCut(span as Span, wanted[index]?.span as Span);
  return true;
}

/** What is left after redaction is what was there, in its order, without some attributes. */
function checkCut(left: Span, whole: Span): void {
  let from = 0;
  const before = whole.attributes ?? [];
  for (const attribute of left.attributes ?? []) {
    while (from < before.length && !isDeepStrictEqual(attribute, before[from])) from++;
    if (from++ >= before.length) throw new Error('redaction made an attribute that was not sent');
  }
  for (const { key } of left.attributes ?? [])
    if (key === 'gen_ai.input.messages' || key === 'input.value') throw new Error(`${key} was not cut`);
  const { attributes: _, events, links, status, name, ...kept } = left;
  for (const [field, value] of Object.entries(kept))
    if (!isDeepStrictEqual(value, whole[field])) throw new Error(`redaction changed ${field}`);
}

/** @returns whether the body was taken. @throws Error that says what is wrong. */
export function checkJson(body: Buffer): boolean {
  let request: Buffer;
  const text = body.toString('utf8');
  try {
    request = requestFromJson(text);
  } catch (problem) {
    if (problem instanceof Malformed) return false;
    throw problem;
  }
  // What the transcoder writes is protobuf that both can read, and that says what the JSON said.
  if (!checkProtobuf(request)) throw new Error('the walk refuses what the transcoder wrote');
  const said = namesIn(JSON.parse(text));
  const got = spansOf(request).map(({ span }) => [
    span?.name ?? '',
    (span?.attributes ?? []).map(({ key }) => key ?? ''),
  ]);
  if (!isDeepStrictEqual(got, said)) throw new Error('the transcoded spans are not those of the JSON');
  return true;
}

/** JSON that the transcoder took: its shape is right wherever this looks. */
type Loose = { readonly [name: string]: Loose[] & string };
const well = (text: string): string => Buffer.from(text).toString('utf8');

/** Name and attribute keys of every span with usable ids, read from the JSON itself. */
function namesIn(json: Loose): unknown[] {
  const names: unknown[] = [];
  for (const resource of json['resourceSpans'] ?? [])
    for (const scope of resource['scopeSpans'] ?? [])
      for (const span of scope['spans'] ?? [])
        if (isId(span['traceId'], 32) && isId(span['spanId'], 16))
          names.push([
            well(span['name'] ?? ''),
            (span['attributes'] ?? []).map((pair: Loose) => well(pair['key'] ?? '')),
          ]);
  return names;
}

const isId = (hex: string | undefined, digits: number): boolean =>
  hex?.length === digits && /^[0-9a-f]+$/i.test(hex) && !/^0+$/.test(hex);
