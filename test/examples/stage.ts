/** Where the examples run without keys or time: recorded answers, told by a function, on a clock that only they move. */
import Anthropic from '@anthropic-ai/sdk';
import { observe } from '@routescope/sdk';
import OpenAI from 'openai';
import { type Fixture, type Json, loadFixtures, ownFixtures } from '../provider/fixtures.ts';
import { type Play, startProvider } from '../provider/server.ts';

/** What a request is answered with. */
export interface Answer extends Omit<Play, 'fixture'> {
  /** On the stage's clock. */
  readonly ms?: number;
}

export interface Stage {
  readonly clients: { readonly openai: OpenAI; readonly anthropic: Anthropic };
  /** Epoch ms. */
  readonly clock: () => number;
  pass(ms: number): void;
  /** Models in the order in which they were asked. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param answer decides by the request's body, in either provider's form. */
export async function openStage(answer: (body: Json) => Answer, startAt = Date.now()): Promise<Stage> {
  const provider = await startProvider();
  const { fixtures } = loadFixtures(ownFixtures);
  const recorded = (api: 'openai' | 'anthropic'): Fixture => {
    const found = fixtures.find((each) => each.api === api && !each.isStream);
    if (!found) throw new Error(`there is no recorded answer of ${api}`);
    return found;
  };
  const answers = { openai: recorded('openai'), anthropic: recorded('anthropic') };
  let now = startAt;
  let plays = 0;
  const asked: string[] = [];
  const played = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const body: Json = JSON.parse(String(init?.body));
    const { ms = 0, ...play } = answer(body);
    asked.push(body.model);
    const id = `play-${plays++}`;
    const api = String(url).endsWith('/v1/messages') ? 'anthropic' : 'openai';
    provider.play(id, { fixture: answers[api], modelAsRequested: true, ...play });
    const headers = new Headers(init?.headers);
    headers.set('x-play', id);
    const response = await fetch(url, { ...init, headers });
    now += ms;
    return response;
  };
  const common = { apiKey: 'none-needed', fetch: played, maxRetries: 0 };
  const clock = (): number => now;
  return {
    clients: {
      openai: observe(new OpenAI({ ...common, baseURL: `${provider.url}/v1` }), { clock }),
      anthropic: observe(new Anthropic({ ...common, baseURL: provider.url }), { clock }),
    },
    clock,
    pass: (ms) => {
      now += ms;
    },
    asked,
    close: () => provider.close(),
  };
}

/** The last message of the user, in either provider's form. */
export const questionOf = (body: Json): string => {
  const content = body.messages.at(-1).content;
  return typeof content === 'string' ? content : content.map((part: Json) => part.text).join('');
};
