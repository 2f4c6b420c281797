import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sidecar, startSidecar } from '../pipeline.ts';
import { type SimulatedSession, sessionsOf } from './calls.ts';
import { simulate } from './simulate.ts';
import { Emitter, SpanBatch } from './spans.ts';
import { storyOf } from './story.ts';

const end = Date.parse('2026-11-23T00:00:00Z'); // a Monday, so that a week of seven days is whole
const bytesOf = (sessions: readonly SimulatedSession[]): string => {
  const batch = new SpanBatch(new Emitter((sessions[0] as SimulatedSession).release));
  for (const session of sessions) batch.add(session);
  return createHash('sha256').update(batch.request()).digest('hex');
};

test('whatever its length and end, everything in a story happens within it, in order', () => {
  for (let days = 1; days <= 40; days++)
    for (let later = 0; later < 7; later++) {
      const { from, to, releases, incidents, events } = storyOf(days, end + later * 86_400_000 + later * 3_600_000);
      const times = [
        ...releases.map(({ at }) => at),
        ...events.map(({ at }) => at),
        ...incidents.map((each) => each.from),
      ];
      expect(times.filter((at) => at < from || at >= to)).toEqual([]);
      expect(incidents.filter((each) => each.to > to || each.to <= each.from)).toEqual([]);
      expect(releases.map(({ at }) => at).toSorted((a, b) => a - b)).toEqual(releases.map(({ at }) => at));
    }
});

describe('a week of a hundred calls an hour', () => {
  const story = storyOf(7, end);
  const sessions = [...sessionsOf(story, 100, 7)];
  const routed = sessions.flatMap((session) => session.calls.filter((call) => call.step));

  test('is the same again for the same seed, down to its bytes, and another for another', () => {
    const again = [...sessionsOf(story, 100, 7)];
    expect(again.length).toBe(sessions.length);
    expect(again.at(-1)).toEqual(sessions.at(-1));
    expect(bytesOf(again.slice(0, 50))).toBe(bytesOf(sessions.slice(0, 50)));
    expect(bytesOf([...sessionsOf(storyOf(1, end), 100, 8)])).not.toBe(
      bytesOf([...sessionsOf(storyOf(1, end), 100, 7)]),
    );
  });

  test('has as many calls as asked for, seven a session, busier by day than by night', () => {
    expect(routed.length).toBe(sessions.length * 7);
    expect(Math.abs(routed.length / (100 * 24 * 7) - 1)).toBeLessThan(0.05);
    const inHours = (from: number, to: number): number =>
      sessions.filter(({ startedAt }) => {
        const hour = new Date(startedAt).getUTCHours();
        return hour >= from && hour < to;
      }).length;
    expect(inHours(12, 18)).toBeGreaterThan(3 * inHours(0, 6));
  });

  test('never goes back in time, nor past its end', () => {
    const backwards = sessions.filter((session) => {
      let at = session.startedAt;
      for (const call of session.calls) {
        for (const { startedAt, endedAt } of [call, ...call.attempts]) {
          if (startedAt < at || endedAt < startedAt) return true;
          at = startedAt;
        }
        at = call.endedAt;
      }
      return session.endedAt <= at || session.endedAt >= end;
    });
    expect(backwards).toEqual([]);
  });

  test('drifts in one tag alone, from 2 % to 8 %', () => {
    const { at: driftFrom } = story.releases.at(-1) as (typeof story.releases)[number];
    const rate = (tag: string, isLate: boolean): number => {
      const calls = routed.filter(
        (call) =>
          call.step?.tag === tag && call.startedAt >= driftFrom === isLate && call.attempts[0]?.outcome !== 'failed',
      );
      return calls.filter(({ attempts }) => attempts[0]?.outcome === 'rejected').length / calls.length;
    };
    expect(rate('rewrite-query', false)).toBeCloseTo(0.02, 1);
    expect(rate('rewrite-query', true)).toBeGreaterThan(0.06);
    for (const tag of ['classify-intent', 'rerank-candidates', 'next-step', 'critique-draft'])
      expect(rate(tag, true), tag).toBeLessThan(0.045);
  });

  test('has an outage of one provider, which is failed over and is no fallback', () => {
    const outage = story.incidents.find((incident) => incident.provider !== undefined);
    const hit = routed.filter(({ startedAt, attempts }) => {
      const isThen = startedAt >= (outage?.from ?? 0) && startedAt < (outage?.to ?? 0);
      return isThen && attempts[0]?.model.provider === outage?.provider;
    });
    const failedOver = hit.filter(({ attempts }) => attempts.some(({ reason }) => reason === 'failover'));
    expect(failedOver.length).toBeGreaterThan(hit.length / 2);
    // The critique's tiers are both of that provider: there is nowhere to go.
    for (const { step, attempts, outcome } of failedOver)
      if (step?.tag !== 'critique-draft') {
        expect(attempts.at(-1)?.model.provider).not.toBe(outage?.provider);
        expect(attempts.every(({ reason }) => reason !== 'fallback') || outcome === 'accepted').toBe(true);
      }
  });
});

describe('sent to a sidecar', () => {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-simulate-'));
  let sidecar: Sidecar;
  beforeAll(async () => {
    sidecar = await startSidecar({ dataDirectory: directory, port: 0 });
  });
  afterAll(async () => {
    await sidecar.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const one = async <T>(query: string): Promise<T> =>
    (await (await sidecar.engine.reader.query({ query, format: 'JSONEachRow' })).json<T>())[0] as T;

  test('is in the tables call by call, to the last digit of its cost, and adds nothing when sent again', async () => {
    const story = storyOf(1, end);
    const sessions = [...sessionsOf(story, 50, 1)];
    const calls = sessions.flatMap((session) => session.calls);
    const pico = calls.reduce((sum, { cost }) => sum + BigInt(cost.totalPico ?? 0), 0n);
    for (let time = 0; time < 2; time++) {
      const said = await simulate({ story, callsPerHour: 50, seed: 1, url: sidecar.url });
      await sidecar.flush();
      expect(said).toMatchObject({ sessions: sessions.length, calls: calls.length });
      expect(said.spans).toBe(calls.flatMap(({ attempts }) => attempts).length + sessions.length * 8);
      expect(
        await one(
          'SELECT count() AS calls, toString(sum(cost_usd)) AS cost, uniqExact(session_id) AS sessions FROM routescope.calls',
        ),
      ).toEqual({
        calls: calls.length,
        sessions: sessions.length,
        cost: `${pico / 10n ** 12n}.${String(pico % 10n ** 12n).padStart(12, '0')}`.replace(/0+$/, ''),
      });
      expect(await one('SELECT count() AS n FROM routescope.scores FINAL')).toEqual({ n: said.scores });
      expect(await one('SELECT count() AS n FROM routescope.events FINAL')).toEqual({ n: story.events.length });
      expect(await one('SELECT count() AS n FROM routescope.attempts')).toEqual({
        n: calls.flatMap(({ attempts }) => attempts).length,
      });
    }
  });
});
