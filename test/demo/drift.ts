/**
 * What the watch says of the days that were played, to a real webhook: the sidecar is started again with an eye on drift,
 * then once more (which must say nothing new), and at last somebody accepts the rate.
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

export interface Told {
  /** In the first look after the days. */
  readonly first: readonly Message[];
  /** After a restart. */
  readonly afterRestart: readonly Message[];
  /** After every rate that was told of had been accepted. */
  readonly afterAcceptance: readonly Message[];
}

/** @returns the sidecar that runs in the end, in the place of `sidecar`. */
export async function watchDays(
  dataDirectory: string,
  sidecar: SidecarProcess,
): Promise<{ readonly sidecar: SidecarProcess; readonly told: Told }> {
  let got: Message[] = [];
  const receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    got.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message);
    response.end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  let running = sidecar;
  const startAgain = async (): Promise<void> => {
    await running.stop('SIGTERM');
    running = await startSidecarProcess(dataDirectory, ['--watch-every', '1', '--alert-webhook', hook]);
  };
  const heard = (): Message[] => {
    const messages = got;
    got = [];
    return messages;
  };
  try {
    await startAgain();
    await looks(running, 1);
    const first = heard();
    await startAgain();
    await looks(running, 1);
    const afterRestart = heard();
    if (first.length > 0) {
      const events = first.map(({ tag, opened_at }) => ({
        kind: 'accept',
        tag,
        at: Date.parse(opened_at),
        by: 'demo',
      }));
      const answer = await fetch(`${running.url}/v1/events`, { method: 'POST', body: JSON.stringify({ events }) });
      if (!answer.ok) throw new Error(`the acceptance was not taken: ${await answer.text()}`);
      await looks(running, 2); // one may have been under way
    }
    return { sidecar: running, told: { first, afterRestart, afterAcceptance: heard() } };
  } finally {
    receiver.close();
  }
}

/** What is not as it should be; nothing when all is well. */
export function differencesIn({ first, afterRestart, afterAcceptance }: Told, drifting: readonly string[]): string[] {
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
  same('after the acceptance', tags(afterAcceptance, 'rise', 'accepted'), wanted);
  for (const { tag, before, after, text } of first)
    if (!(after.rate > before.rate) || !text.includes(tag))
      differences.push(`drift: the message about ${tag} does not say that its rate rose: ${text}`);
  return differences;
}
