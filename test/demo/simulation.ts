/** Plays the plan: real SDK clients, our wrapper and router, a sidecar process, the replaying provider. */

import { score, shown, withSession, withTag } from '@routescope/sdk';
import { start, type Telemetry } from '@routescope/sdk/node';
import type { CallRef } from '@routescope/sdk/router';
import { type Fixtures, type Json, loadFixtures, loadTraffic } from '../provider/fixtures.ts';
import { type Provider, startProvider } from '../provider/server.ts';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { type Clients, newRouter, observedClients, playing, type ResearchRouter, researchRoutes } from './assistant.ts';
import { at, clock } from './clock.ts';
import { type Watched, watchDays } from './drift.ts';
import { days, type PlannedCall, type PlannedSession, plan, sessionsForAlert } from './plan.ts';

export interface SimulationOptions {
  readonly dataDirectory: string;
  /** Recorded answers, in the form of test/fixtures. */
  readonly fixtures: string;
  readonly sessions: number;
  /** A file of the user's own prices. */
  readonly prices: string | undefined;
  /** Told what is going on, now and then. */
  readonly progress: (line: string) => void;
}

export interface Simulation {
  readonly sidecar: SidecarProcess;
  /** What the sidecar that took the spans had counted in the end. */
  readonly played: Readonly<Record<string, number>>;
  readonly provider: Provider;
  readonly telemetry: Telemetry;
  readonly loaded: Fixtures;
  readonly planned: readonly PlannedSession[];
  /** Calls the app made: routed ones, and the recordings played as they are. */
  readonly made: number;
  readonly scoresMade: number;
  readonly scoresTaken: number;
  /** Calls that did not end as planned, with what happened. */
  readonly surprises: readonly string[];
  /** For drift; undefined when too few sessions were played for it. */
  readonly watched: Watched | undefined;
  close(): Promise<void>;
}

const sessionsAtOnce = 8;
/** Payloads the provider writes at a time; a recording far longer than that is played all the same. */
const settleMs = 30_000;

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const { progress } = options;
  progress('starting the sidecar and the provider');
  const loaded = loadFixtures(options.fixtures);
  const [sidecar, provider] = await Promise.all([
    startSidecarProcess(options.dataDirectory, ['--linger-ms', '300', '--watch-every', '0']),
    startProvider(),
  ]);
  const telemetry = start({
    serviceName: 'research-assistant',
    serviceVersion: '1.4.0',
    environment: 'demo',
    endpoint: sidecar.url,
    exitTimeoutMs: 30_000, // every span is counted in the end, on a busy machine too
    ...(options.prices !== undefined && { prices: options.prices }),
  });
  const clients = observedClients(provider.url);
  const table = researchRoutes(clients);
  const surprises: string[] = [];
  const scores: Promise<boolean>[] = [];
  const end = Date.now() - 60_000;

  progress(`playing ${loaded.fixtures.length} recorded answers as they are`);
  for (const [index, fixture] of loaded.fixtures.entries()) {
    const id = `recorded-${index}`;
    provider.play(id, { fixture });
    await at(end - 30_000, () =>
      withTag('recorded', () => playing.run(id, () => playRecorded(clients, fixture))),
    ).catch((error: unknown) => surprises.push(`${fixture.name}: ${String(error)}`));
  }

  const planned = plan(options.sessions, end, loaded.fixtures, loadTraffic(options.fixtures));
  const queue = [...planned];
  let finished = 0;
  const worker = async (): Promise<void> => {
    for (let session = queue.shift(); session; session = queue.shift()) {
      await runSession(session);
      finished++;
      if (finished % Math.ceil(planned.length / days) === 0)
        progress(`day ${Math.round((finished / planned.length) * days)} of ${days}: ${finished} sessions`);
    }
  };
  async function runSession(session: PlannedSession): Promise<void> {
    for (const call of session.calls) provider.play(call.id, ...call.plays);
    await at(session.startsAt, () =>
      withSession(session.id, async () => {
        for (const call of session.calls) {
          // The plan says what each call meets: what one learned of a provider's limit would send the next elsewhere.
          const router = newRouter(table);
          const ref = await playing
            .run(call.id, () => runCall(clients, router, call))
            .catch((error: unknown) => void surprises.push(`${call.tag} ${call.id}: ${String(error)}`));
          if (ref) judge(call, ref);
        }
      }),
    );
  }
  function judge(call: PlannedCall, ref: CallRef): void {
    const how = { endpoint: sidecar.url, clock };
    if (call.isStream) scores.push(shown(ref, how));
    if (call.override) scores.push(score(ref, { name: 'human_override', value: 1, by: 'user' }, how));
    if (call.score !== undefined)
      scores.push(score(ref, { name: `${call.tag}-rubric`, value: call.score, by: 'judge' }, how));
  }
  await Promise.all(Array.from({ length: sessionsAtOnce }, worker));

  progress('waiting until everything is in the tables');
  await telemetry.flush();
  const taken = (await Promise.all(scores)).filter(Boolean).length;
  await settled(sidecar, telemetry.stats().exported);
  const played = await sidecar.status();
  const isEnough = planned.length >= sessionsForAlert;
  progress(isEnough ? 'asking the watch what it would have told' : tooFewForWatch(planned.length));
  const watched = isEnough ? await watchDays(options.dataDirectory, sidecar) : undefined;
  const running = watched?.sidecar ?? sidecar;
  return {
    sidecar: running,
    played,
    watched,
    provider,
    telemetry,
    loaded,
    planned,
    made: loaded.fixtures.length + planned.length * (planned[0]?.calls.length ?? 0),
    scoresMade: scores.length,
    scoresTaken: taken,
    surprises,
    async close() {
      await telemetry.shutdown();
      await provider.close();
      watched?.close();
      await running.stop('SIGTERM');
    },
  };
}

export const tooFewForWatch = (sessions: number): string =>
  `the watch is not asked: drift shows from ${sessionsForAlert} sessions on, these are ${sessions}`;

async function settled(sidecar: SidecarProcess, spans: number): Promise<void> {
  const until = Date.now() + settleMs;
  for (;;) {
    const { stored = 0, duplicate = 0 } = await sidecar.status();
    if (stored + duplicate >= spans || Date.now() > until) return; // what is missing then is a difference, and is said
    await new Promise((again) => setTimeout(again, 50));
  }
}

/** One recording through the client it belongs to, observed, outside a route, read to its end. */
async function playRecorded({ openai, anthropic }: Clients, fixture: Fixtures['fixtures'][number]): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'hello' }];
  // The recording says which model answered; to ask for it by name would only bring deprecation warnings.
  const body: Json = { model: 'recorded', messages, max_tokens: 64, ...(fixture.isStream && { stream: true }) };
  const answer: Json =
    fixture.api === 'openai' ? await openai.chat.completions.create(body) : await anthropic.messages.create(body);
  if (fixture.isStream) for await (const _ of answer);
}

async function runCall({ openai, anthropic }: Clients, router: ResearchRouter, call: PlannedCall): Promise<CallRef> {
  const messages = [{ role: 'user' as const, content: `about ${call.id}` }];
  if (!call.isStream) return (await router.route(call.tag, { messages })).call;
  // The app's own code, tier by tier: the answer is the provider's stream.
  const { answer, call: ref } = await router.route(
    call.tag,
    async ({ model, maxTokens = 1024, signal }): Promise<AsyncIterable<unknown>> => {
      const how = { maxRetries: 0, ...(signal && { signal }) };
      return model.startsWith('claude')
        ? anthropic.messages.create({ model, max_tokens: maxTokens, messages, stream: true }, how)
        : openai.chat.completions.create({ model, max_tokens: maxTokens, messages, stream: true }, how);
    },
  );
  let read = 0;
  for await (const _ of answer) if (++read === call.stopAfter) break;
  return ref;
}
