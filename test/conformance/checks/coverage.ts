/** Every method that infers is a span with its operation; every other is left alone. And nothing private is on any. */
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome } from '../trial.ts';
import { json, type Script } from '../wire.ts';
import { type Method, methods, others } from './methods.ts';
import { isPrivate } from './privacy.ts';

/** Whether a version has a method, by its path. */
function lacks(dialect: Dialect, path: string): string | undefined {
  const client = dialect.client(fetch);
  let owner = client;
  for (const name of path.split(',')[0]?.split('.') ?? []) {
    if (owner?.[name] === undefined) {
      const isMoved = path.startsWith('vectorStores') && client.beta?.vectorStores;
      return isMoved ? undefined : `this version has no ${path.split(',')[0]}`;
    }
    owner = owner[name];
  }
  return undefined;
}

export function coverageChecks(dialect: Dialect): Check[] {
  const scriptOf = ({ script, answer }: Method): Script => script ?? (() => json(answer));
  const infers = Object.entries(methods[dialect.sdk]).flatMap(([name, method]): Check[] => [
    {
      group: 'coverage',
      name: `${name} is a span`,
      exempt: () => lacks(dialect, name),
      async run(trial) {
        const { spans } = await trial.same(scriptOf(method), method.live);
        spans.has({ 'gen_ai.operation.name': method.operation, 'routescope.outcome': 'accepted', ...method.has });
        isPrivate(spans);
      },
    },
    {
      group: 'coverage',
      name: `${name} refused is a span`,
      exempt: () => lacks(dialect, name),
      async run(trial) {
        const { spans } = await trial.same(
          () => json(dialect.error(400), 400),
          (client, wire) => outcome(method.live(client, wire)),
        );
        spans.has({ 'gen_ai.operation.name': method.operation, 'routescope.ending': 'failed' });
        isPrivate(spans);
      },
    },
    {
      group: 'coverage',
      name: `${name} is a promise of the SDK`,
      exempt: () =>
        lacks(dialect, name) ?? (name.includes(', streamed') ? 'its stream is read at once here' : undefined),
      async run(trial) {
        await trial.same(scriptOf(method), async (client, wire) => {
          const promise = method.live(client, wire) as Client;
          return [promise.constructor, typeof promise.withResponse, await outcome(promise)];
        });
      },
    },
  ]);
  const left = Object.entries(others[dialect.sdk]).map(
    ([name, live]): Check => ({
      group: 'coverage',
      name: `${name} is left alone`,
      exempt: () => lacks(dialect, name),
      async run(trial) {
        const answer: Script = ({ url }) =>
          json({ data: [], object: 'list', id: 'x', has_more: false, first_id: null, last_id: null, url: url.length });
        const { spans } = await trial.same(answer, async (client) => {
          const promise = live(client) as Client;
          return [promise.constructor, await outcome(async () => JSON.stringify(await promise))];
        });
        spans.none();
      },
    }),
  );
  return [...infers, ...left];
}
