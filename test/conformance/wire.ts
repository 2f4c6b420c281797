/** The provider, answering from memory: a `fetch` that plays a script and writes down what it was asked. */

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whether a stream is asked for: SDKs write their JSON with and without spaces, and Bedrock has an address for it. */
export const isStreamed = ({ url, body }: Asked): boolean =>
  /"stream":\s*true/.test(body) || url.includes('/invoke-with-response-stream');

/** Answers the request with that number (from 0). */
export type Script = (asked: Asked, number: number, signal: AbortSignal | undefined) => Response | Promise<Response>;

export interface Wire {
  readonly fetch: typeof fetch;
  readonly asked: Asked[];
  /** Pieces of streams that were pulled by the client. */
  pulled: number;
  /** Streams the client called off. */
  canceled: number;
}

/** What differs between two equal requests on purpose. */
const random = new Set(['idempotency-key', 'x-stainless-timeout-id', 'x-amz-date']);

export function wireOf(script: Script): Wire {
  const wire: Wire = {
    asked: [],
    pulled: 0,
    canceled: 0,
    fetch: async (url, init = {}) => {
      const headers: Record<string, string> = {};
      new Headers(init.headers as Record<string, string>).forEach((value, name) => {
        if (!random.has(name)) headers[name] = constant(name, value);
      });
      const asked = { url: String(url), method: init.method ?? 'get', headers, body: await text(init.body) };
      wire.asked.push(asked);
      current = wire;
      return script(asked, wire.asked.length - 1, init.signal ?? undefined);
    },
  };
  return wire;
}

/** A header without what is of the moment: a boundary, or AWS's signature. */
function constant(name: string, value: string): string {
  if (name === 'content-type') return value.replace(/boundary=.*/, 'boundary');
  return value.startsWith('AWS4-') ? value.replace(/\/\d{8}\/|Signature=.*/g, '/') : value;
}

/** Which wire the streams that are made now belong to. */
let current: Wire | undefined;

// biome-ignore lint/suspicious/noExplicitAny: whatever an SDK of eight generations takes for a body.
async function text(body: any): Promise<string> {
  if (body === undefined || body === null) return '';
  if (typeof body === 'string') return body;
  if (body instanceof FormData) {
    const parts: string[] = [];
    for (const [name, value] of body) parts.push(`${name}=${typeof value === 'string' ? value : await value.text()}`);
    return parts.join('&');
  }
  if (typeof body[Symbol.asyncIterator] === 'function') {
    const pieces: Buffer[] = [];
    for await (const piece of body) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces)
      .toString()
      .replace(/form-data-boundary-\w+|-{4,}[\w-]*\d[\w-]*/g, 'boundary');
  }
  return Buffer.from(body).toString();
}

const requestIds = { 'x-request-id': 'req_1', 'request-id': 'req_1' };

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...requestIds, ...headers },
  });

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON.
export type Event = any;

export interface Broken {
  /** The connection drops after that many events. */
  readonly dropAfter?: number;
  /** Nothing more comes after that many events, until the client gives up. */
  readonly stallAfter?: number;
  readonly signal?: AbortSignal | undefined;
  /** Sent after the events; the API of OpenAI ends with a mark. */
  readonly end?: string;
  /** Cuts the bytes into pieces of that many, wherever that falls. */
  readonly pieces?: number;
}

/** A server-sent stream of events, written out as providers do. */
export function sse(events: readonly Event[], broken: Broken = {}): Response {
  const { dropAfter, stallAfter, signal, end = 'data: [DONE]\n\n', pieces } = broken;
  const wire = current;
  const frames = events.map((event) =>
    typeof event === 'string'
      ? event
      : `${typeof event?.type === 'string' ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`,
  );
  let queue = [...frames, end];
  if (pieces) {
    const all = queue.join('');
    queue = Array.from({ length: Math.ceil(all.length / pieces) }, (_, i) => all.slice(i * pieces, (i + 1) * pieces));
  }
  let sent = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const abort = (): void => controller.error(signal?.reason);
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort);
      },
      pull(controller) {
        if (wire) wire.pulled++;
        if (sent === dropAfter) return controller.error(new TypeError('terminated'));
        if (sent === stallAfter) return new Promise(() => {});
        const frame = queue[sent++];
        if (frame === undefined) return controller.close();
        controller.enqueue(new TextEncoder().encode(frame));
      },
      cancel() {
        if (wire) wire.canceled++;
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': 'text/event-stream', ...requestIds } });
}
