/** Sends a simulated history to a sidecar as an app would: OTLP spans, scores, events. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type SimulatedSession, sessionsOf } from './calls.ts';
import { Emitter, environment, SpanBatch, service } from './spans.ts';
import type { Story } from './story.ts';

export interface Simulation {
  readonly story: Story;
  /** On average over a week; by the hour it follows a day's and a week's rhythm. */
  readonly callsPerHour: number;
  /** The same seed and story give the same spans, ids and scores. */
  readonly seed: number;
  /** The sidecar, e.g. `http://127.0.0.1:4318`. */
  readonly url: string;
  /** Sent with every request: its token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told at every finished tenth: sessions so far, share of the time from 0 to 1. */
  readonly progress?: (sessions: number, share: number) => void;
}

export interface Simulated {
  readonly sessions: number;
  readonly calls: number;
  readonly spans: number;
  readonly scores: number;
}

const spansPerRequest = 2_000;
const scoresPerRequest = 2_000;

/** @throws Error with what the sidecar answered, when it refuses for good. */
export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { story, url, headers = {} } = simulation;
  const send = (path: string, contentType: string, body: Buffer): Promise<void> =>
    post(`${url}${path}`, { ...headers, 'content-type': contentType }, body);
  const said = { sessions: 0, calls: 0, spans: 0, scores: 0 };
  let batch = new SpanBatch(new Emitter(story.releases[0]));
  let scores: object[] = [];
  let tenth = 1;

  const sendSpans = async (): Promise<void> => {
    if (batch.count > 0) await send('/v1/traces', 'application/x-protobuf', batch.request());
    said.spans += batch.count;
  };
  const sendScores = async (): Promise<void> => {
    if (scores.length > 0) await send('/v1/scores', 'application/json', Buffer.from(JSON.stringify({ scores })));
    said.scores += scores.length;
    scores = [];
  };
  for (const session of sessionsOf(story, simulation.callsPerHour, simulation.seed)) {
    const { emitter } = batch;
    if (batch.count >= spansPerRequest || emitter.release !== session.release) {
      await sendSpans();
      batch = new SpanBatch(emitter.release === session.release ? emitter : new Emitter(session.release));
    }
    batch.add(session);
    scores.push(...scoresOf(session));
    if (scores.length >= scoresPerRequest) await sendScores();
    said.sessions++;
    said.calls += session.calls.length;
    const share = (session.startedAt - story.from) / (story.to - story.from);
    for (; share * 10 >= tenth; tenth++) simulation.progress?.(said.sessions, tenth / 10);
  }
  await sendSpans();
  await sendScores();
  const events = story.events.map((event) => ({ environment, service, by: 'simulation', ...event }));
  await send('/v1/events', 'application/json', Buffer.from(JSON.stringify({ events })));
  return said;
}

/** In the form of `/v1/scores`. */
function scoresOf(session: SimulatedSession): object[] {
  return session.calls.flatMap(({ callId, step, startedAt, attempts, scores }) => {
    const served = attempts.at(-1);
    const call = {
      environment,
      service,
      tag: step?.tag,
      tier: served?.tier,
      model: served?.model.name,
      sessionId: session.id,
      traceId: session.traceId,
      id: callId,
      startedAt,
    };
    return scores.map((score) => ({ call, ...score }));
  });
}

/** Waits as long as the sidecar asks for, while it loads what it has. */
async function post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<void> {
  for (;;) {
    const answer = await fetch(url, { method: 'POST', headers, body });
    if (answer.ok) return void (await answer.arrayBuffer());
    const said = await answer.text();
    if (answer.status !== 429 && answer.status !== 503)
      throw new Error(`${url} answered ${answer.status}: ${said.slice(0, 500)}`);
    await sleep(1_000 * Number(answer.headers.get('retry-after') ?? 1));
  }
}
