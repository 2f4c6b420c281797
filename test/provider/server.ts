/**
 * A provider that speaks OpenAI's chat completions and Anthropic's messages, whole and streamed, by replaying recorded
 * bytes. What each request gets is decided by whoever drives it, and told by the header `x-play`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api, Fixture, Json } from './fixtures.ts';
import { Ledger } from './ledger.ts';
import { type Changes, replay } from './replay.ts';

/** What one request is answered with. */
export interface Play extends Changes {
  readonly fixture: Fixture;
  /** Says the model that was asked for, instead of the recorded one. */
  readonly modelAsRequested?: boolean;
  /** An error instead of an answer. */
  readonly status?: 400 | 401 | 429 | 500 | 503 | 529;
  readonly retryAfterSeconds?: number;
  /** The connection is dropped before any header. */
  readonly drop?: boolean;
  /** The stream stops after this many events and waits until the client goes away. */
  readonly stallAfter?: number;
  /** The connection is dropped after this many events. */
  readonly dropAfter?: number;
}

export interface Provider {
  /** For both SDKs: OpenAI's wants `${url}/v1`. */
  readonly url: string;
  readonly ledger: Ledger;
  /** What the next request with `x-play: id` gets, and the one after it … in this order. */
  play(id: string, ...plays: readonly Play[]): void;
  close(): Promise<void>;
}

const paths: Readonly<Record<string, Api>> = { '/v1/chat/completions': 'openai', '/v1/messages': 'anthropic' };

export async function startProvider(): Promise<Provider> {
  const ledger = new Ledger();
  const scripts = new Map<string, Play[]>();
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const api = paths[request.url ?? ''];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: Json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const id = String(request.headers['x-play']);
    const play = scripts.get(id)?.shift();
    if (scripts.get(id)?.length === 0) scripts.delete(id);
    if (!api || !play || play.fixture.api !== api) {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(errorBody(api ?? 'openai', 400, `nothing is to be played for ${id} at ${request.url}`)),
      );
      return;
    }
    ledger.requests++;
    if (play.drop) {
      request.socket.destroy();
      return;
    }
    if (play.status !== undefined) {
      response.writeHead(play.status, {
        'content-type': 'application/json',
        ...(play.retryAfterSeconds !== undefined && { 'retry-after': String(play.retryAfterSeconds) }),
      });
      response.end(JSON.stringify(errorBody(api, play.status, 'the provider is unwell')));
      return;
    }
    const payloads = replay(play.fixture, play.modelAsRequested ? { ...play, model: body.model } : play);
    if (!play.fixture.isStream) {
      ledger.enter(api, payloads, body.model);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(payloads[0]));
      return;
    }
    await stream(api, payloads, body, play, response);
  }

  async function stream(
    api: Api,
    payloads: readonly Json[],
    body: Json,
    play: Play,
    response: ServerResponse,
  ): Promise<void> {
    // A chunk that only says the usage is sent to who asked for it, as OpenAI does.
    const wantsUsage = body.stream_options?.include_usage === true;
    const events = payloads.filter(
      (payload) => api === 'anthropic' || wantsUsage || !(payload.usage && payload.choices?.length === 0),
    );
    const gone = once(response, 'close');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const sent: Json[] = [];
    for (const event of events) {
      if (sent.length === (play.stallAfter ?? play.dropAfter)) break;
      response.write(`${api === 'anthropic' ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`);
      sent.push(event);
    }
    ledger.enter(api, sent, body.model);
    if (play.stallAfter !== undefined) await gone;
    else if (play.dropAfter !== undefined) setImmediate(() => response.destroy());
    else response.end(api === 'openai' ? 'data: [DONE]\n\n' : '');
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ledger,
    play(id, ...plays) {
      scripts.set(id, [...(scripts.get(id) ?? []), ...plays]);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

function errorBody(api: Api, status: number, message: string): Json {
  if (api === 'openai') {
    const code = status === 429 ? 'rate_limit_exceeded' : status >= 500 ? 'server_error' : 'invalid_request_error';
    return { error: { message, type: status === 429 ? 'requests' : code, param: null, code } };
  }
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return { type: 'error', error: { type: types[status] ?? 'api_error', message } };
}
