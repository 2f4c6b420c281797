/**
 * One check: the bare client and the observed one live through the same, and must see the same; then the spans of the
 * observed one are looked at. What "the same" is, is told by `told`: values by their prototype and every property,
 * errors by their class and what they carry, requests by every byte, and rejections that nobody handled by their number.
 */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { closeDroppedInferences, type ObserveOptions, observe } from '@routescope/sdk';
import type { Dialect } from './dialect.ts';
import { type Script, type Wire, wireOf } from './wire.ts';

// biome-ignore lint/suspicious/noExplicitAny: clients of eight generations, which have no type in common.
export type Client = any;

export interface Check {
  readonly group: string;
  readonly name: string;
  /** Why a version is let off; undefined where it is not. */
  readonly exempt?: ((dialect: Dialect) => string | undefined) | undefined;
  readonly run: (trial: Trial) => Promise<void>;
}

export interface Setting {
  /** Options of the SDK's client, beside key and fetch. */
  readonly options?: Record<string, unknown>;
  readonly observe?: ObserveOptions;
  /** Another way to make the client than the SDK's default class. */
  readonly make?: (fetch: Wire['fetch']) => Client;
  /** The requests may differ: what is compared of them. */
  readonly wire?: (wire: Wire) => unknown;
}

/** What an app lives through with a client; what it returns is compared. */
export type Scenario = (client: Client, wire: Wire) => Promise<unknown>;

export const exporter = new InMemorySpanExporter();

let late = 0;
/** Counts what is done to spans that have ended: OpenTelemetry only warns of it. */
const afterwards: SpanProcessor = {
  onStart() {},
  onEnd(span) {
    const touched = (): unknown => {
      late++;
      return span;
    };
    Object.assign(span, { setAttribute: touched, setAttributes: touched, setStatus: touched, end: touched });
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

/** Registers OpenTelemetry as an app does; with other processors where a check sabotages them. */
export function registerTelemetry(processors: SpanProcessor[] = [new SimpleSpanProcessor(exporter), afterwards]): void {
  trace.disable();
  context.disable();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: processors }));
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

export class Trial {
  readonly dialect: Dialect;
  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  /** Bare and observed side by side. @returns what the observed one saw, and its spans. */
  async same(script: Script, scenario: Scenario, setting: Setting = {}): Promise<{ seen: unknown; spans: Spans }> {
    const make = setting.make ?? ((fetch) => this.dialect.client(fetch, setting.options));
    const bare = await live(script, scenario, make, setting);
    exporter.reset();
    const observed = await live(script, scenario, (fetch) => observe(make(fetch), setting.observe), setting);
    assert.deepStrictEqual(observed.told, bare.told);
    assert.deepStrictEqual(observed.asked, bare.asked, 'what was sent differs');
    assert.equal(observed.unhandled, bare.unhandled, 'unhandled rejections');
    assert.equal(observed.late, 0, 'spans were touched after they had ended');
    return { seen: observed.seen, spans: new Spans(exporter.getFinishedSpans()) };
  }

  /** Only the observed one, for what the bare client has no counterpart of. */
  async observed(script: Script, scenario: Scenario, setting: Setting = {}): Promise<{ seen: unknown; spans: Spans }> {
    exporter.reset();
    const make = setting.make ?? ((fetch) => this.dialect.client(fetch, setting.options));
    const { seen } = await live(script, scenario, (fetch) => observe(make(fetch), setting.observe), setting);
    return { seen, spans: new Spans(exporter.getFinishedSpans()) };
  }
}

interface Life {
  readonly seen: unknown;
  readonly told: unknown;
  readonly asked: unknown;
  readonly unhandled: number;
  readonly late: number;
}

let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);

async function live(
  script: Script,
  scenario: Scenario,
  make: (fetch: Wire['fetch']) => Client,
  setting: Setting,
): Promise<Life> {
  const wire = wireOf(script);
  unhandled = 0;
  late = 0;
  const seen = await scenario(make(wire.fetch), wire);
  await turns();
  const asked = setting.wire
    ? setting.wire(wire)
    : { requests: wire.asked, pulled: wire.pulled, canceled: wire.canceled };
  return { seen, told: told(seen), asked, unhandled, late };
}

/** Lets everything happen that is about to. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((later) => setImmediate(later));
}

/** Collects garbage until the finalizers of all that was let go have run. */
export async function collect(): Promise<void> {
  let isAnyOpen = await closeDroppedInferences(); // what was let go a moment ago has no finalizer yet
  for (let round = 0; round === 0 || (isAnyOpen && round < 4); round++) {
    await turns();
    gc();
    isAnyOpen = await closeDroppedInferences();
  }
}

/** What became of a promise: its value, or its error as an app can tell errors apart. */
export async function outcome(promise: PromiseLike<unknown> | (() => unknown)): Promise<unknown> {
  try {
    return { value: await (typeof promise === 'function' ? promise() : promise) };
  } catch (error) {
    return { error: toldError(error) };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: anything can be thrown.
function toldError(error: any): unknown {
  if (!(error instanceof Error)) return error;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const { name, message, cause, ...own } = error as any;
  const { status, code, type, param, requestID, request_id, errorCode } = error as never;
  return {
    class: error.constructor,
    name,
    message,
    cause: cause === undefined ? undefined : toldError(cause),
    status,
    code,
    type,
    param,
    id: requestID ?? request_id,
    errorCode,
    keys: Object.keys(own).sort(),
    body: own.error,
  };
}

/** A form that can be compared: responses by what they say, the rest as it is. */
function told(value: unknown): unknown {
  if (value instanceof Response) return { status: value.status, headers: [...value.headers], used: value.bodyUsed };
  if (Array.isArray(value)) return value.map(told);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const parts = Object.entries(Object.getOwnPropertyDescriptors(value));
    return Object.fromEntries(
      parts.map(([name, part]) => [part.enumerable ? name : `(${name})`, told(part.get ? '(getter)' : part.value)]),
    );
  }
  return value;
}

/** The spans that a check looks at. */
export class Spans {
  readonly all: readonly ReadableSpan[];
  constructor(all: readonly ReadableSpan[]) {
    this.all = all;
  }

  /** Exactly one; its attributes. */
  get only(): ReadableSpan {
    assert.equal(this.all.length, 1, `${this.all.length} spans ended, not one`);
    return this.all[0] as ReadableSpan;
  }

  /** The only span has these attributes; undefined: it has not. */
  has(expected: Record<string, unknown>): void {
    hasAttributes(this.only, expected);
  }

  none(): void {
    assert.equal(this.all.length, 0, `${this.all.length} spans ended, not none`);
  }
}

export function hasAttributes(span: ReadableSpan, expected: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.deepStrictEqual(span.attributes[name], value, `${name} is ${JSON.stringify(span.attributes[name])}`);
  }
}
