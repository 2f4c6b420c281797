/** When a span ends: not while anybody can read on, not later than the provider was heard of, and at a flush or the end. */
import assert from 'node:assert/strict';
import { closeDroppedInferences, closeOpenInferences } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, collect, exporter, outcome, type Scenario, Spans, turns } from '../trial.ts';
import { type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { read } from './promise.ts';

/** Garbage is collected while the app still holds a part of the answer, whichever: its span waits for the rest. */
export function heldChecks(dialect: Dialect, answer: Script): Check[] {
  const { ask, askStream } = dialect;
  const all = async (source: AsyncIterable<unknown>): Promise<void> => {
    let count = 0;
    for await (const _ of source) if (++count === 2) await collect();
  };
  const late = async (promise: Client): Promise<Client> => {
    const held = [promise];
    await collect();
    return await held[0];
  };
  const ways: Readonly<Record<string, Scenario>> = {
    'a loop over a stream': async (client) => all(await askStream(client)),
    'a stream read late': async (client) => read((await late({ stream: await askStream(client) })).stream),
    'both branches of a tee': async (client) => Promise.all((await askStream(client)).tee().map(all)),
    'one branch of a tee': async (client) => all((await askStream(client)).tee()[1]),
    'a readable stream': async (client) => all((await askStream(client)).toReadableStream()),
    'the data beside a response': async (client) => all((await askStream(client).withResponse()).data),
    'a helper’s stream': async (client) => all(helperStream(dialect, client)),
    'a promise awaited late': (client) => late(ask(client)),
    'a mapped promise awaited late': (client) => late(ask(client)._thenUnwrap((data: unknown) => data)),
    'a promise of a stream awaited late': async (client) => all(await late(askStream(client))),
  };
  return Object.entries(ways).map(([name, live]) => ({
    group: 'each ending’s span',
    name: `${name}, with garbage collected meanwhile`,
    async run(trial) {
      const { spans } = await trial.observed(answer, live);
      spans.has({ 'routescope.ending': 'complete', 'routescope.usage.source': 'provider' });
      await collect();
      assert.equal(closeOpenInferences(), 0);
    },
  }));
}

export function timeChecks(dialect: Dialect, answer: Script, drops: Script): Check[] {
  const { askStream, ask } = dialect;
  const group = 'each ending’s span';
  const clocked = (): { clock: () => number; tick: (ms: number) => void } => {
    let now = Date.UTC(2026, 10, 24);
    return {
      clock: () => now,
      tick: (ms) => {
        now += ms;
      },
    };
  };
  const seconds = ([whole, nanos]: readonly [number, number]): number =>
    Math.round((whole + nanos / 1e9) * 1000) / 1000;
  return [
    {
      group,
      name: 'the time to the first chunk, and the end at the last',
      async run(trial) {
        const { clock, tick } = clocked();
        const script: Script = async (...given) => {
          tick(200);
          return await answer(...given);
        };
        const { spans } = await trial.observed(
          script,
          async (client) => {
            const stream = await askStream(client);
            tick(50);
            for await (const _ of stream) tick(10);
          },
          { observe: { clock } },
        );
        spans.has({ 'gen_ai.response.time_to_first_chunk': 0.25 });
        const seen = dialect.events.filter(({ type }) => type !== 'ping' || dialect.passesPings).length;
        assert.equal(seconds(spans.only.duration), Math.round((0.25 + seen * 0.01) * 1000) / 1000);
      },
    },
    {
      group,
      name: 'no time to the first chunk where there was none',
      async run(trial) {
        const { spans } = await trial.observed(
          () => sse([]),
          async (client) => outcome(read(await askStream(client))),
        );
        spans.has({ 'gen_ai.response.time_to_first_chunk': undefined });
      },
    },
    {
      group,
      name: 'no time to the first chunk of a whole answer',
      async run(trial) {
        const { spans } = await trial.observed(answer, (client) => ask(client));
        spans.has({ 'gen_ai.response.time_to_first_chunk': undefined, 'gen_ai.request.stream': undefined });
      },
    },
    {
      group,
      name: 'what is still open is closed at the end of the process, and says so',
      async run(trial) {
        let held: unknown;
        const { spans } = await trial.observed(answer, async (client) => {
          const stream = await askStream(client);
          await stream[Symbol.asyncIterator]().next();
          held = stream;
        });
        spans.none();
        assert.equal(closeOpenInferences(), 1);
        new Spans(exporter.getFinishedSpans()).has({
          'routescope.ending': 'abandoned',
          'routescope.stream.outcome': 'abandoned',
        });
        assert.ok(held);
        assert.equal(closeOpenInferences(), 0);
      },
    },
    {
      group,
      name: 'a flush closes what nobody can read, and leaves what is being read',
      async run(trial) {
        let reading: AsyncIterator<unknown> | undefined;
        const held: unknown[] = [];
        const { spans } = await trial.observed(answer, async (client) => {
          reading = (await askStream(client))[Symbol.asyncIterator]();
          await reading?.next();
          held.push(await askStream(client), ask(client));
        });
        spans.none();
        await closeDroppedInferences();
        spans.none();
        held.length = 0;
        await collect();
        const endings = (): unknown[] =>
          exporter.getFinishedSpans().map(({ attributes }) => attributes['routescope.ending']);
        assert.deepEqual(endings().sort(), ['never_awaited', 'never_read']);
        while (!(await reading?.next())?.done);
        assert.deepEqual(endings().sort(), ['complete', 'never_awaited', 'never_read']);
      },
    },
    {
      group,
      name: 'a span dropped late ends when the provider was last heard of',
      async run(trial) {
        const { clock, tick } = clocked();
        await trial.observed(
          answer,
          async (client) => {
            const asked = askStream(client);
            await turns(1);
            tick(100);
            await asked;
          },
          { observe: { clock } },
        );
        tick(3_600_000);
        await collect();
        const span = new Spans(exporter.getFinishedSpans()).only;
        assert.ok(seconds(span.duration) < 1, `lasted ${seconds(span.duration)} s`);
      },
    },
    {
      group,
      name: 'what an interrupted stream said so far is on its span',
      async run(trial) {
        const { spans } = await trial.observed(drops, async (client) => outcome(read(await askStream(client))));
        const { attributes } = spans.only;
        assert.ok(attributes['gen_ai.response.id']);
        assert.ok(attributes['gen_ai.response.model']);
        assert.ok(['estimated', 'missing'].includes(String(attributes['routescope.usage.source'])));
      },
    },
  ];
}
