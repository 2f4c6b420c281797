/** Spans through the spool into the tables, some late, some repeated, over one replica or eight: the same evidence. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DriftRow, readDrift } from '@routescope/panels';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openServer } from '../engine/server.ts';
import { type Sidecar, startSidecar } from '../pipeline.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { storeOf } from './ask.ts';
import { defaultSettings, parametersOf } from './settings.ts';
import { settle } from './settle.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const start = Date.parse('2026-10-20T00:00:00Z') / 60_000;
const end = start + 4 * 1_440;
const directories: string[] = [];
const servers: TestServer[] = [];

/** A call every eight minutes of each tag; from the middle of the last day on one in four needs a fallback. */
const spans = ['called', 'conversed'].flatMap((tag, which) =>
  Array.from({ length: (end - start) / 8 }, (_, i) => {
    const minute = start + 8 * i;
    const fell = minute < end - 720 ? i % 40 === 11 : i % 4 === 1;
    const id = (which * 100_000 + i + 1).toString(16);
    const at = (seconds: number): string => `${minute * 60 + seconds}000000000`;
    const attribute = (key: string, value: object): object => ({ key, value });
    return {
      traceId: id.padStart(32, '0'),
      spanId: id.padStart(16, '0'),
      name: `route ${tag}`,
      kind: 1,
      startTimeUnixNano: at(10 + (i % 40)),
      endTimeUnixNano: at(12 + (i % 40)),
      attributes: [
        attribute('routescope.tag', { stringValue: tag }),
        attribute('routescope.first.model', { stringValue: 'small' }),
        attribute('routescope.attempt.count', { intValue: fell ? '2' : '1' }),
        attribute('routescope.fallback.count', { intValue: fell ? '1' : '0' }),
        attribute('routescope.checked', { boolValue: true }),
        attribute('routescope.outcome', { stringValue: 'accepted' }),
        // Three calls of a conversation.
        ...(which === 1 ? [attribute('gen_ai.conversation.id', { stringValue: `c${Math.floor(i / 3)}` })] : []),
      ],
    };
  }),
);

async function send(sidecar: Sidecar, some: readonly object[]): Promise<void> {
  const answer = await fetch(`${sidecar.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'test' }, spans: some }] }] }),
  });
  expect(answer.status).toBe(200);
}

/** Spans of a replica go to it in requests of a hundred, as does what is repeated. */
async function sendAll(replicas: readonly Sidecar[], some: typeof spans): Promise<void> {
  await Promise.all(
    replicas.map(async (replica, which) => {
      const own = some.filter((span) => Number.parseInt(span.spanId, 16) % replicas.length === which);
      for (let i = 0; i < own.length; i += 100) await send(replica, own.slice(i, i + 100));
    }),
  );
  await Promise.all(replicas.map((replica) => replica.flush()));
}

/** @returns what is found when all have come; and before the late ones have, if there are any. */
async function play(
  replicaCount: number,
  isDisturbed: boolean,
): Promise<{ readonly before: readonly DriftRow[]; readonly after: readonly DriftRow[] }> {
  const server = await startTestServer({});
  servers.push(server);
  const replicas: Sidecar[] = [];
  for (let i = 0; i < replicaCount; i++) {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'routescope-disturbed-'));
    directories.push(dataDirectory);
    replicas.push(
      await startSidecar({ dataDirectory, port: 0, server: server.server, lingerMs: 50, watch: { everySeconds: 0 } }),
    );
  }
  const isLate = (_: unknown, i: number): boolean => isDisturbed && i % 20 === 7;
  const isRepeated = (_: unknown, i: number): boolean => isDisturbed && i % 50 === 3;
  const engine = await openServer(server.server);
  const look = async (): Promise<DriftRow[]> => {
    await settle(engine.writer, end * 60);
    return readDrift(storeOf(engine).ask, parametersOf(defaultSettings), end * 60_000);
  };
  await sendAll(
    replicas,
    spans.filter((span, i) => !isLate(span, i)),
  );
  await sendAll(replicas, spans.filter(isRepeated));
  const before = isDisturbed ? await look() : [];
  await sendAll(replicas, spans.filter(isLate));
  await sendAll(replicas, spans.filter(isLate).filter(isRepeated));
  const after = await look();
  await Promise.all(replicas.map((replica) => replica.close()));
  await engine.close();
  return { before, after };
}

let undisturbed: readonly DriftRow[];
beforeAll(async () => {
  undisturbed = (await play(1, false)).after;
});
afterAll(async () => {
  for (const server of servers) await server.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

test('undisturbed, both tags alarm, one by session and one by call', () => {
  const alarms = undisturbed.filter(({ alarm }) => alarm === 1);
  expect(alarms.map(({ tag, unit, question }) => [tag, unit, question])).toEqual([
    ['called', 'call', 'rise'],
    ['conversed', 'session', 'rise'],
  ]);
});

test.each([1, 8])(
  'of %d replicas, a twentieth late and a fiftieth repeated: the same evidence when all have come',
  async (replicas) => {
    const { before, after } = await play(replicas, true);
    expect(before).not.toEqual(undisturbed);
    expect(after).toEqual(undisturbed);
  },
);
