/** A sender as exporters are: sends again what was not answered, until it is; over good and bad connections. */
import { type ClientRequest, request } from 'node:http';
import { requestOf } from './numbered.ts';

export type Connection = 'good' | 'half-open' | 'slow';

export interface Sender {
  /** Numbers whose request was answered with 200. */
  readonly acknowledged: Set<number>;
  /** Spans in requests that were answered with 503. */
  refused: number;
  /** Anything else that was answered; there should be none. */
  readonly oddAnswers: string[];
  /** Requests sent over a bad connection. */
  troubled: number;
  /** Sends what is open, and new spans, until `until` says so; three requests at a time. */
  send(url: string, until: () => boolean, connection: Connection): Promise<void>;
  /** Sends what is open, and nothing new, until nothing is. */
  finish(url: string): Promise<void>;
}

const spansPerRequest = 20;

export function createSender(random: () => number): Sender {
  let next = 0;
  const open: number[][] = [];
  /** Requests whose second half never comes; held open until the end of the life. */
  const hanging: ClientRequest[] = [];
  const fresh = (): number[] => Array.from({ length: spansPerRequest }, () => next++);

  async function attempt(url: string, numbers: number[], connection: Connection): Promise<boolean> {
    const status = await post(`${url}/v1/traces`, requestOf(numbers), connection, hanging).catch(() => undefined);
    if (status === 200) for (const number of numbers) sender.acknowledged.add(number);
    else {
      open.push(numbers);
      if (status === 503) sender.refused += numbers.length;
      else if (status !== undefined) sender.oddAnswers.push(`${status} over a ${connection} connection`);
    }
    // Now and then an answer is lost on the way: what was acknowledged is sent again.
    if (status === 200 && random() < 0.05) open.push(numbers);
    return status !== undefined;
  }

  const sender: Sender = {
    acknowledged: new Set(),
    refused: 0,
    oddAnswers: [],
    troubled: 0,
    async send(url, until, connection) {
      const worker = async (): Promise<void> => {
        while (!until()) {
          const isBad = connection !== 'good' && random() < 0.3;
          if (isBad) sender.troubled++;
          const answered = await attempt(url, open.shift() ?? fresh(), isBad ? connection : 'good');
          if (!answered && !isBad) return; // nobody is there any more
        }
      };
      await Promise.all([worker(), worker(), worker()]);
      for (const each of hanging.splice(0)) each.destroy();
    },
    async finish(url) {
      while (open.length > 0) await attempt(url, open.shift() as number[], 'good');
    },
  };
  return sender;
}

let turn = 0;

function post(url: string, body: Uint8Array, connection: Connection, hanging: ClientRequest[]): Promise<number> {
  return new Promise((answered, failed) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const sending = request(url, { method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => answered(response.statusCode as number));
      response.once('error', failed);
    });
    sending.once('error', failed);
    if (connection === 'good') return void sending.end(body);
    const middle = body.length / 2;
    sending.write(body.subarray(0, middle), () => {
      if (connection === 'half-open') {
        if (turn++ % 2 === 0) return void sending.destroy(new Error('hung up'));
        hanging.push(sending);
        failed(new Error('nothing more was sent'));
      } else setImmediate(() => setImmediate(() => sending.end(body.subarray(middle))));
    });
  });
}
