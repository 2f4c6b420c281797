import { expect, test } from 'vitest';
import { command, helpOf, invocationOf, UsageError, whole } from './command.ts';

const sample = command({
  name: 'sample',
  summary: 'an example',
  options: {
    port: { type: 'string', value: 'N', help: 'where', env: 'SAMPLE_PORT', otherwise: '4318' },
    forward: { type: 'string', many: true, value: 'URL', help: 'where to', env: 'SAMPLE_FORWARD' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  run: async () => {},
});

test('the command line comes before the environment, the environment before the default', () => {
  expect(invocationOf(sample, [], {}).values).toEqual({ port: '4318', forward: [], json: false });
  expect(invocationOf(sample, [], { SAMPLE_PORT: '1', SAMPLE_FORWARD: 'a, b' }).values).toMatchObject({
    port: '1',
    forward: ['a', 'b'],
  });
  const { values, given } = invocationOf(sample, ['--port', '2', '--forward', 'c'], {
    SAMPLE_PORT: '1',
    SAMPLE_FORWARD: 'a',
  });
  expect(values).toMatchObject({ port: '2', forward: ['c'] });
  expect([...given]).toEqual(['port', 'forward']);
});

test('a value may begin with a minus sign', () => {
  expect(invocationOf(sample, ['--port', '-24h'], {}).values['port']).toBe('-24h');
});

test('an empty variable counts as none', () => {
  expect(invocationOf(sample, [], { SAMPLE_PORT: '' }).values['port']).toBe('4318');
});

test.each([
  [['--nonsense'], 'nonsense'],
  [['word'], '"word": sample takes options only'],
  [['--port'], 'port'],
])('%j is refused with a sentence', (args, says) => {
  expect(() => invocationOf(sample, args, {})).toThrow(UsageError);
  expect(() => invocationOf(sample, args, {})).toThrow(says);
});

test.each(['', 'x', '1.5', '70000'])('%j is no port', (text) => {
  expect(() => whole('port', text, 0, 65_535)).toThrow('expected a whole number from 0 to 65535');
});

test('the help names every option, its variable and its default', () => {
  expect(helpOf(sample)).toContain('--port N         where (SAMPLE_PORT; default 4318)');
  expect(helpOf(sample)).toContain('--forward URL …  where to (SAMPLE_FORWARD)');
});
