/** A sender as exporters are: sends again what was not answered, until it is; over good and bad connections. */
import { type Connection, type Door, type Shipment, type Way, ways } from './ways.ts';

export interface Sender {
  /** Numbers whose request was answered with 200. */
  readonly acknowledged: Set<number>;
  /** How many were acknowledged, by signal and way. */
  readonly ways: Record<string, number>;
  /** Of spans and evaluation results in requests that were answered with 503. */
  refused: number;
  /** Anything else that was answered; there should be none. */
  readonly oddAnswers: string[];
  /** Requests sent over a bad connection. */
  troubled: number;
  /** Sends what is open, and new spans, until `until` says so; three requests at a time. */
  send(door: Door, until: () => boolean, connection: Connection): Promise<void>;
  /** Sends what is open, and nothing new, until nothing is. */
  finish(door: Door): Promise<void>;
}

const perRequest = 20;

export function createSender(random: () => number): Sender {
  let next = 0;
  const open: Shipment[] = [];
  const anyWay = (): Way => ways[Math.floor(random() * ways.length)] as Way;
  const fresh = (): Shipment => ({
    signal: random() < 0.2 ? 'logs' : 'traces',
    numbers: Array.from({ length: perRequest }, () => next++),
    way: anyWay(),
  });
  /** A span is known again however it comes, an evaluation result by its bytes alone. */
  const again = (shipment: Shipment): void =>
    void open.push(shipment.signal === 'traces' ? { ...shipment, way: anyWay() } : shipment);

  async function attempt(door: Door, shipment: Shipment, connection: Connection): Promise<boolean> {
    const { numbers, signal, way } = shipment;
    const status = await door.send(shipment, connection).catch(() => undefined);
    if (status === 200) {
      for (const number of numbers) sender.acknowledged.add(number);
      const name = `${signal} as ${way}`;
      sender.ways[name] = (sender.ways[name] ?? 0) + numbers.length;
    } else {
      again(shipment);
      if (status === 503) sender.refused += numbers.length;
      else if (status !== undefined)
        sender.oddAnswers.push(`${status} to ${signal} as ${way} over a ${connection} connection`);
    }
    // Now and then an answer is lost on the way: what was acknowledged is sent again.
    if (status === 200 && random() < 0.05) again(shipment);
    return status !== undefined;
  }

  const sender: Sender = {
    acknowledged: new Set(),
    ways: {},
    refused: 0,
    oddAnswers: [],
    troubled: 0,
    async send(door, until, connection) {
      const worker = async (): Promise<void> => {
        while (!until()) {
          const isBad = connection !== 'good' && random() < 0.3;
          if (isBad) sender.troubled++;
          const answered = await attempt(door, open.shift() ?? fresh(), isBad ? connection : 'good');
          if (!answered && !isBad) return; // nobody is there any more
        }
      };
      await Promise.all([worker(), worker(), worker()]);
    },
    async finish(door) {
      while (open.length > 0) await attempt(door, open.shift() as Shipment, 'good');
    },
  };
  return sender;
}
