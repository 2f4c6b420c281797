/**
 * From records of the spool back to OTLP: requests of bounded size, spans (or evaluation results, as log records) grouped
 * by their resource and scope again. The bytes of a span are those that were received; only a target's own filter or
 * redaction looks inside.
 */
import type { bytesMatcher } from '../redact/match.ts';
import { fieldOf, scan } from '../spool/record.ts';
import { Cursor, varintBytes, writeVarint } from '../wire.ts';

export type Signal = 'traces' | 'logs';

export interface Batch {
  readonly signal: Signal;
  /** The export request. */
  readonly body: Buffer;
  /** … or log records. */
  readonly spans: number;
  /** The same in two requests; of one span there are none. */
  halves(): readonly Batch[];
}

export interface BatchOptions {
  readonly maxSpans: number;
  /** Of a request; one span larger than that goes alone. */
  readonly maxBytes: number;
  /** Evaluation results too. */
  readonly logs?: boolean;
  /** Attributes one of whose values a span must have; every one of them. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
  /** Attributes this target does not get, on top of what was cut when the span was received. */
  readonly cut?: ReturnType<typeof bytesMatcher>;
}

/** What the filter left out is not counted in any batch. */
export function* batchesOf(segment: Buffer, options: BatchOptions): Generator<Batch> {
  const groupings = { traces: new Grouping('traces'), logs: new Grouping('logs') };
  for (const { signal, resource, scope, item } of itemsOf(segment)) {
    const fields = fieldsOf[signal];
    if (signal === 'logs' && !options.logs) continue;
    if (options.only && !hasAll(item, fields.own, options.only)) continue;
    const kept = options.cut ? withoutAttributes(item, fields, options.cut) : item;
    const keptResource = options.cut ? withoutAttributes(resource, resourceFields, options.cut) : resource;
    const grouping = groupings[signal];
    if (
      grouping.spans >= options.maxSpans ||
      (grouping.spans > 0 && grouping.bytes + kept.length + keptResource.length > options.maxBytes)
    ) {
      yield grouping.batch();
      groupings[signal] = new Grouping(signal);
    }
    groupings[signal].add({ resource: keptResource, scope, item: kept });
  }
  for (const grouping of [groupings.traces, groupings.logs]) if (grouping.spans > 0) yield grouping.batch();
}

interface Item {
  readonly resource: Buffer;
  readonly scope: Buffer;
  /** The span, or the log record. */
  readonly item: Buffer;
}

function itemsOf(segment: Buffer): (Item & { readonly signal: Signal })[] {
  const found: (Item & { readonly signal: Signal })[] = [];
  scan(segment, ({ start, contextEnd, items }) => {
    const part = (number: number): Buffer => {
      const bounds = fieldOf(segment, start, contextEnd, number);
      return segment.subarray(bounds?.start ?? 0, bounds?.end ?? 0);
    };
    const shared = { resource: part(4), scope: part(1) };
    for (const { isLog, start: from, end } of items)
      found.push({ ...shared, signal: isLog ? 'logs' : 'traces', item: segment.subarray(from, end) });
  });
  return found;
}

/** Requests of both signals are of one shape: by resource, by scope, and so are their field numbers. */
class Grouping {
  readonly signal: Signal;
  bytes = 0;
  readonly #items: Item[] = [];
  readonly #resources = new Map<string, { readonly resource: Buffer; readonly scopes: Map<string, Scope> }>();

  constructor(signal: Signal, items: readonly Item[] = []) {
    this.signal = signal;
    for (const item of items) this.add(item);
  }

  get spans(): number {
    return this.#items.length;
  }

  add(added: Item): void {
    const { resource, scope, item } = added;
    this.#items.push(added);
    const resourceKey = resource.toString('latin1');
    let group = this.#resources.get(resourceKey);
    if (!group) {
      group = { resource, scopes: new Map() };
      this.#resources.set(resourceKey, group);
      this.bytes += resource.length + 8;
    }
    const scopeKey = scope.toString('latin1');
    let within = group.scopes.get(scopeKey);
    if (!within) {
      within = { scope, spans: [] };
      group.scopes.set(scopeKey, within);
      this.bytes += scope.length + 8;
    }
    within.spans.push(item);
    this.bytes += item.length + 8;
  }

  batch(): Batch {
    const { signal, spans } = this;
    const middle = Math.floor(spans / 2);
    return {
      signal,
      spans,
      body: this.#request(),
      halves: () =>
        spans < 2
          ? []
          : [this.#items.slice(0, middle), this.#items.slice(middle)].map((half) => new Grouping(signal, half).batch()),
    };
  }

  #request(): Buffer {
    const resourceSpans = [...this.#resources.values()].map(({ resource, scopes }) => {
      const scopeSpans = [...scopes.values()].map(({ scope, spans }) =>
        message([field(1, scope), ...spans.map((span) => field(2, span))]),
      );
      return field(1, message([field(1, resource), ...scopeSpans.map((each) => field(2, each))]));
    });
    return Buffer.concat(resourceSpans.flat());
  }
}

interface Scope {
  readonly scope: Buffer;
  readonly spans: Buffer[];
}

/** A length-delimited field: its head, then its content. */
function field(number: number, content: Buffer): readonly [Buffer, Buffer] {
  const head = Buffer.alloc(1 + varintBytes(content.length));
  head[0] = (number << 3) | 2;
  writeVarint(head, 1, content.length);
  return [head, content];
}

const message = (fields: readonly (readonly [Buffer, Buffer])[]): Buffer => Buffer.concat(fields.flat());

/** Where a message has attributes: its own, and those of the messages inside it. */
interface AttributeFields {
  readonly own: number;
  readonly inside: Readonly<Record<number, AttributeFields>>;
}

const resourceFields: AttributeFields = { own: 1, inside: {} };
const fieldsOf: Readonly<Record<Signal, AttributeFields>> = {
  traces: { own: 9, inside: { 11: { own: 3, inside: {} }, 13: { own: 4, inside: {} } } },
  logs: { own: 6, inside: {} },
};

/** The message without the attributes that `cut` names; itself when there are none. */
function withoutAttributes(bytes: Buffer, fields: AttributeFields, cut: ReturnType<typeof bytesMatcher>): Buffer {
  const cursor = new Cursor(bytes);
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    at = cursor.field(at, bytes.length, 'message');
    const { number, begin, start } = cursor;
    const inside = fields.inside[number];
    if (inside) {
      const content = bytes.subarray(start, at);
      const without = withoutAttributes(content, inside, cut);
      if (without === content) continue;
      kept.push(bytes.subarray(from, begin), ...field(number, without));
      from = at;
    } else if (number === fields.own) {
      const key = partOf(bytes, start, at, 1);
      if (!key || cut(bytes, key.start, key.end) === undefined) continue;
      kept.push(bytes.subarray(from, begin));
      from = at;
    }
  }
  return kept.length === 0 ? bytes : Buffer.concat([...kept, bytes.subarray(from)]);
}

/** @param field number of the message's attributes. */
function hasAll(item: Buffer, field: number, only: Readonly<Record<string, readonly string[]>>): boolean {
  const wanted = new Map(Object.entries(only));
  const cursor = new Cursor(item);
  for (let at = 0; at < item.length && wanted.size > 0; ) {
    at = cursor.field(at, item.length, 'item');
    if (cursor.number !== field) continue;
    const { start } = cursor;
    const key = partOf(item, start, at, 1);
    const name = key && item.toString('utf8', key.start, key.end);
    const values = name === undefined ? undefined : wanted.get(name);
    if (values?.includes(textOf(item, start, at) ?? '')) wanted.delete(name as string);
  }
  return wanted.size === 0;
}

/** The string value of a KeyValue; undefined when it is something else. */
function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  const value = partOf(bytes, start, end, 2);
  const text = value && partOf(bytes, value.start, value.end, 1);
  return text && bytes.toString('utf8', text.start, text.end);
}

/** Bounds of the first length-delimited field of that number. */
function partOf(bytes: Buffer, start: number, end: number, number: number): { start: number; end: number } | undefined {
  const cursor = new Cursor(bytes);
  for (let at = start; at < end; ) {
    at = cursor.field(at, end, 'message');
    if (cursor.number === number && cursor.wire === 2) return { start: cursor.start, end: cursor.end };
  }
  return undefined;
}
