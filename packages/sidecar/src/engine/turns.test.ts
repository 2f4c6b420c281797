import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('so many work at once, the others in the order they came, and who finds the room full is refused', async () => {
  const turns = new Turns(1, 2);
  const order: number[] = [];
  const work = (number: number) =>
    turns.run(async () => {
      order.push(number);
    });
  await expect(Promise.all([work(1), work(2), work(3), work(4)])).rejects.toThrow('Code: 202');
  await work(5);
  expect(order).toEqual([1, 2, 3, 5]);
});

test('work that fails, however early, gives its turn to the next', async () => {
  const turns = new Turns(1, 2);
  const fails = (): Promise<never> => {
    throw new Error('no session to be had');
  };
  await Promise.all([1, 2, 3].map(() => expect(turns.run(fails)).rejects.toThrow('no session')));
  expect(await turns.run(async () => 'done')).toBe('done');
});
