/**
 * What the watch says of the days that were played, to a real webhook: the sidecar is started again with an eye on drift,
 * then once more (which must say nothing new); what it told stays open until somebody accepts the rate.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';
import { looks } from '../watch.ts';

/** The part of a webhook's body that is looked at; docs/drift.md has the whole. */
export interface Message {
  readonly id: string;
  readonly state: string;
  readonly alert: string;
  readonly direction: string;
  readonly tag: string;
  readonly model: string;
  readonly opened_at: string;
  readonly began: { readonly at: string };
  readonly before: { readonly rate: number };
  readonly after: { readonly rate: number };
  readonly text: string;
}

export interface Watched {
  /** The sidecar that runs now, in the place of the one that was given. */
  readonly sidecar: SidecarProcess;
  /** What was told in the first look after the days. */
  readonly first: readonly Message[];
  /** After a restart. */
  readonly afterRestart: readonly Message[];
  /** Accepts every rate that was told of. @returns what is told of that. */
  accept(): Promise<readonly Message[]>;
  /** Hears no more; the sidecar stays. */
  close(): void;
}

export async function watchDays(dataDirectory: string, sidecar: SidecarProcess): Promise<Watched> {
  let got: Message[] = [];
  const receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    got.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message);
    response.end();
  });
  receiver.unref();
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  let running = sidecar;
  const firstLook = async (): Promise<Message[]> => {
    await running.stop('SIGTERM');
    running = await startSidecarProcess(dataDirectory, ['--watch-every', '1', '--alert-webhook', hook]);
    await looks(running, 1);
    return heard();
  };
  const heard = (): Message[] => {
    const messages = got;
    got = [];
    return messages;
  };
  const first = await firstLook();
  const afterRestart = await firstLook();
  return {
    sidecar: running,
    first,
    afterRestart,
    async accept() {
      if (first.length === 0) return [];
      const events = first.map(({ tag, opened_at }) => ({
        kind: 'accept',
        tag,
        at: Date.parse(opened_at),
        by: 'demo',
      }));
      const answer = await fetch(`${running.url}/v1/events`, { method: 'POST', body: JSON.stringify({ events }) });
      if (!answer.ok) throw new Error(`the acceptance was not taken: ${await answer.text()}`);
      await looks(running, 2); // one may have been under way
      return heard();
    },
    close: () => void receiver.close(),
  };
}

/** What is not as it should be; nothing when all is well. */
export async function differencesIn(
  { first, afterRestart, accept }: Watched,
  drifting: readonly string[],
): Promise<string[]> {
  const tags = (messages: readonly Message[], direction: string, state: string): string =>
    messages
      .filter((message) => message.state === state && message.direction === direction)
      .map(({ tag }) => tag)
      .sort()
      .join(', ');
  const wanted = [...drifting].sort().join(', ');
  const differences: string[] = [];
  const same = (what: string, is: string, expected: string): void => {
    if (is !== expected)
      differences.push(`drift, ${what}: told of ${is || 'nothing'}, expected ${expected || 'nothing'}`);
  };
  same('rates that rose', tags(first, 'rise', 'opened'), wanted);
  same('rates that fell', tags(first, 'fall', 'opened'), '');
  same('after a restart', afterRestart.map(({ id }) => id).join(', '), '');
  same('after the acceptance', tags(await accept(), 'rise', 'accepted'), wanted);
  for (const { tag, before, after, text } of first)
    if (!(after.rate > before.rate) || !text.includes(tag))
      differences.push(`drift: the message about ${tag} does not say that its rate rose: ${text}`);
  return differences;
}
