import type { ClickHouseClient } from '@clickhouse/client';
import { ClickHouseError } from '@clickhouse/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { attended } from './attend.ts';
import { type Engine, opened } from './engine.ts';
import { serverAt } from './server.ts';

type Look = () => string;
const silence: Look = () => {
  throw new Error('Timeout error.');
};
const runsOn =
  (server: string): Look =>
  () =>
    `${server}\t1\n`;
const knownNoMoreOn =
  (server: string): Look =>
  () =>
    `${server}\t0\n`;

describe('a statement without an answer', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  /** Looks at it as `looks` say, the last one again and again. @returns how many it took to be given up, and why. */
  async function lookedAt(looks: readonly Look[], most: number, values?: { bytesRead: number }) {
    const given: { clickhouse_settings?: Record<string, string>; abort_signal?: AbortSignal }[] = [];
    const call = (statement: (typeof given)[number]): Promise<unknown> => {
      given.push(statement);
      return new Promise((_, failed) => statement.abort_signal?.addEventListener('abort', () => failed('aborted')));
    };
    const client = { query: call, command: call, exec: call, insert: call } as unknown as ClickHouseClient;
    let looked = 0;
    const asker = {
      query: async ({ query_params }: { query_params: { mark: string } }) => {
        expect(query_params.mark).toBe(given[0]?.clickhouse_settings?.['log_comment']);
        const look = looks[Math.min(looked++, looks.length - 1)] as Look;
        const text = look();
        return { text: async () => text };
      },
    } as unknown as ClickHouseClient;
    let because: string | undefined;
    attended(client, { asker, shown: 'http://ch', everyMs: 1_000 })
      .exec({ query: 'INSERT', values } as Parameters<ClickHouseClient['exec']>[0])
      .catch((problem: Error) => {
        because = problem.message;
      });
    let times = 0;
    for (; times < most && because === undefined; times++) {
      if (values && times < 10) values.bytesRead++;
      await vi.advanceTimersByTimeAsync(1_000);
    }
    return { times, because };
  }

  test('is waited for as long as it runs', async () => {
    expect(await lookedAt([runsOn('a')], 1_000)).toEqual({ times: 1_000, because: undefined });
  });

  test('is given up when its server is silent three times in a row, and not for less', async () => {
    const said = 'ClickHouse at http://ch does not answer';
    expect(await lookedAt([silence], 9)).toEqual({ times: 3, because: said });
    expect(await lookedAt([silence, silence, runsOn('a'), silence, silence, runsOn('a')], 9)).toMatchObject({
      times: 9,
    });
  });

  test('is given up when its server does not know of it any more, or never did', async () => {
    const because = expect.stringContaining('no longer runs a statement that it has not answered');
    expect(await lookedAt([runsOn('a'), knownNoMoreOn('a')], 9)).toEqual({ times: 4, because });
    expect(await lookedAt([knownNoMoreOn('a')], 9)).toEqual({ times: 3, because });
  });

  test.each([
    ['another server answers than the one that has it', [runsOn('a'), knownNoMoreOn('b')]],
    ['several servers answer by turns', [knownNoMoreOn('b'), knownNoMoreOn('c')]],
    [
      'the server does not let us look',
      [
        () => {
          throw new ClickHouseError({ code: '497', message: 'no grants', type: 'ACCESS_DENIED' });
        },
      ],
    ],
    ['what answers makes no sense', [() => '<html>']],
  ] satisfies [string, Look[]][])('is given more time where one cannot be sure: %s', async (_, looks) => {
    const { times, because } = await lookedAt(looks, 100);
    expect(because).toBeDefined();
    expect(times).toBeGreaterThanOrEqual(60);
  });

  test('is not lost while its file is being sent', async () => {
    expect(await lookedAt([knownNoMoreOn('a')], 99, { bytesRead: 0 })).toMatchObject({ times: 13 });
  });
});

describe('over a link', () => {
  const isGiven = process.env['ROUTESCOPE_TEST_CLICKHOUSE'] !== undefined; // its link is not ours to break
  let there: TestServer;
  let engine: Engine;
  beforeAll(async () => {
    there = await startTestServer(process.env);
  });
  beforeEach(async () => {
    engine = await opened(serverAt(there.server, { lookMs: 300 }));
  });
  afterEach(() => engine.close());
  afterAll(() => there.close());

  const sleep = async (seconds: number): Promise<unknown> => {
    const query = `SELECT sleepEachRow(${seconds}) AS slept`;
    return (await engine.writer.query({ query, format: 'JSONEachRow' })).json();
  };

  test('a statement that takes many looks is answered', async () => {
    expect(await sleep(1.5)).toEqual([{ slept: 0 }]);
  });

  test.skipIf(isGiven)('that falls silent a statement fails soon, and passes when it is good again', async () => {
    await there.link.set('silent');
    await expect(sleep(0)).rejects.toThrow('does not answer');
    await there.link.set('good');
    expect(await sleep(0)).toEqual([{ slept: 0 }]);
  });

  test.skipIf(isGiven)('one connection that stays silent while others are good is noticed too', async () => {
    const { troubled } = there.link;
    await there.link.set('silent');
    const lost = sleep(0);
    lost.catch(() => {});
    await expect.poll(() => there.link.troubled).toBeGreaterThan(troubled);
    await there.link.set('good');
    await expect(lost).rejects.toThrow('no longer runs');
  });
});
