import { expect, test } from 'vitest';
import { eventRows } from './events.ts';

const at = 1_795_310_500_438.5;
const rowOf = (event: object) => eventRows({ events: [event] }, at)[0];

test('a deploy needs no more than its kind, and is of now and of everything', () => {
  expect(rowOf({ kind: 'deploy', name: 'h2' })).toMatchObject({
    kind: 'deploy',
    name: 'h2',
    at: '1795310500.438500',
    until: null,
    tag: '',
    environment: '',
    numbers: {},
  });
});

test('the same event sent again has the same id, another one another', () => {
  const deploy = { kind: 'deploy', name: 'h2', at };
  expect(rowOf(deploy)?.['id']).toBe(rowOf(deploy)?.['id']);
  expect(rowOf(deploy)?.['id']).not.toBe(rowOf({ ...deploy, name: 'h3' })?.['id']);
  expect(rowOf({ ...deploy, id: 'mine' })?.['id']).toBe('mine');
});

test('every field that is wrong is named', () => {
  expect(() => eventRows({ events: [{ kind: 'alarm' }, { kind: 'silence', at: 'now' }, { kind: 'pin' }] }, at)).toThrow(
    'events[0].kind: "alarm" is none of deploy, route_table, price, breaker, budget, pin, accept, silence; events[1].until: a silence must end; events[1].at: expected epoch milliseconds; events[2].numbers: a pin needs "units" above 0 and "fallbacks" from 0',
  );
  expect(() => eventRows({ events: [{ kind: 'accept', signal: 'latencies' }] })).toThrow(
    'events[0].signal: "latencies" is none of fallback, latency, cost, override, routing or score:RUBRIC',
  );
  expect(rowOf({ kind: 'accept', signal: 'score:helpful' })?.['signal']).toBe('score:helpful');
  expect(() => eventRows({})).toThrow('expected {"events": [ … ]}');
});
