/** The commands that look after a data directory and its sidecar, as a user types them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Layout } from '../engine/layout.ts';
import { migrations, preparation } from '../engine/migrate.ts';
import { retentionStatements } from '../engine/retention.ts';
import { openServer } from '../engine/server.ts';
import { openEngine } from '../engine/supervise.ts';
import { type Sidecar, startSidecar } from '../pipeline.ts';
import { cert, key } from '../testing/certificate.ts';
import { startTestServer } from '../testing/server.ts';
import { withStore } from './ask.ts';
import { helpOf, invocationOf, UsageError } from './command.ts';
import { commands } from './commands.ts';

const here = fileURLToPath(import.meta.url);
const directory = mkdtempSync(join(tmpdir(), 'routescope-plane-'));
const data = join(directory, 'data');
const at = (name: string): string => join(directory, name);
const token = 'open-sesame';
let sidecar: Sidecar | undefined;
const begin = (): Promise<Sidecar> => startSidecar({ dataDirectory: data, port: 0, grpcPort: 0, token, lingerMs: 10 });
beforeAll(async () => {
  sidecar = await begin();
  await send(sidecar, 0, 24);
  const score = { call: { id: callId(4) }, name: 'helpful', value: 1, explanation: 'told', at: now };
  await post(sidecar, '/v1/scores', { scores: [score] });
  await sidecar.flush();
});
afterAll(async () => {
  await sidecar?.close();
  rmSync(directory, { recursive: true, force: true });
});

const now = Date.now();
const hour = 3_600_000;
const callId = (number: number): string => (1_000 + number).toString(16).padStart(16, '0');

async function post({ url }: Sidecar, path: string, body: object): Promise<void> {
  const answer = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

/** Calls of one attempt, one every six hours back from now, four to a session, six to a user. */
const send = (to: Sidecar, first: number, count: number): Promise<void> =>
  post(to, '/v1/traces', {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: Array.from({ length: count }, (_, index) => {
              const number = first + index;
              const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
              return {
                traceId: (1_000 + number).toString(16).padStart(32, '0'),
                spanId: callId(number),
                name: 'chat m',
                kind: 3,
                startTimeUnixNano: `${now - number * 6 * hour}000000`,
                endTimeUnixNano: `${now - number * 6 * hour + 1_000}000000`,
                attributes: [
                  text('gen_ai.operation.name', 'chat'),
                  text('gen_ai.request.model', 'm'),
                  text('routescope.tag', 'draft'),
                  text('gen_ai.conversation.id', `session-${Math.floor(number / 4)}`),
                  text('user.id', `user-${Math.floor(number / 6)}`),
                ],
              };
            }),
          },
        ],
      },
    ],
  });

/** Runs a command in this process. `said` is what it printed, `logged` what it said beside. */
async function run(
  name: string,
  ...args: string[]
): Promise<{ said: string; logged: string; problem: Error | undefined }> {
  const command = commands.find((each) => each.name === name);
  if (!command) throw new Error(`there is no command ${name}`);
  const said: string[] = [];
  const logged: string[] = [];
  const problem = await (async () =>
    command.run(invocationOf(command, args, {}), {
      print: (text) => said.push(text),
      log: (line) => logged.push(line),
      color: false,
    }))().then(
    () => undefined,
    (failure: Error) => failure,
  );
  return { said: said.join('\n'), logged: logged.join('\n'), problem };
}

describe('every command', () => {
  test.each(commands.map((command) => [command.name, command] as const))(
    '%s says what it takes, and refuses what it does not know',
    async (name, command) => {
      expect(helpOf(command)).toContain(`routescope ${name}`);
      for (const option of Object.keys(command.options)) expect(helpOf(command)).toContain(`--${option}`);
      expect(() => invocationOf(command, ['--no-such-option'], {})).toThrow(UsageError);
      expect(() => invocationOf(command, ['--no-such-option'], {})).toThrow(`--no-such-option is no option of ${name}`);
    },
  );

  test.each([
    ['serve', ['--max-spool-mib', '0'], '--max-spool-mib 0: expected a whole number from 1'],
    ['serve', ['--max-spool-days', 'soon'], '--max-spool-days soon: expected a whole number from 1'],
    ['serve', ['--max-forward-days', '-1'], '--max-forward-days -1: expected a whole number'],
    ['serve', ['--max-forward-mib', '1.5'], '--max-forward-mib 1.5: expected a whole number'],
    ['serve', ['--linger-ms', '1'], '--linger-ms 1: expected a whole number from 10'],
    ['serve', ['--forward', 'jaeger'], '--forward: a forward target needs a url'],
    ['serve', ['--forward-file', '/no/such/file'], 'ENOENT'],
    ['serve', ['--tls-cert', here, '--tls-key', here], 'expected a certificate and the private key it was made for'],
    ['serve', ['--clickhouse', 'nonsense'], '--clickhouse: the ClickHouse URL cannot be read'],
    ['serve', ['--clickhouse', 'http://u:50%off@h:8123'], 'a percent sign in them is written %25'],
    ['move', [], 'say where to with --to URL'],
    ['move', ['--to', 'clickhouse://h:9000'], 'not its native one'],
    ['backup', [], 'say where to with --to'],
    ['restore', [], 'say where from with --from'],
    ['status', ['--url', 'nonsense'], "--url nonsense: expected the sidecar's address"],
    ['doctor', ['--url', 'localhost:4318'], "--url localhost:4318: expected the sidecar's address"],
    ['forget', [], 'say whom: --session ID or --user ID'],
    ['forget', ['--session', 'a', '--user', 'b'], 'say whom'],
    ['forget', ['--session', ''], 'say whom'],
    ['migrate', [], 'say where with --clickhouse URL'],
    ['migrate', ['--dry-run', '--keep-calls', '0'], '--keep-calls 0: expected'],
    ['migrate', ['--dry-run', '--cluster', "a' b"], 'is no name of a cluster'],
    ['simulate', ['--days', '0'], '--days 0: expected a whole number from 1'],
    ['simulate', ['--until', 'once'], '--until once: expected an ISO time'],
  ])('%s %j is refused: %s', async (name, args, says) => {
    const { problem, said } = await run(name, ...args);
    expect(problem).toBeInstanceOf(UsageError);
    expect(problem?.message).toContain(says);
    expect(said).toBe('');
  });

  test('replay where there is neither sidecar nor data says what to name', async () => {
    const { problem } = await run('replay', '--data', at('nowhere'));
    expect((await run('replay', '--url', 'http://127.0.0.1:1')).problem?.message).toContain('no sidecar answers at');
    expect(problem?.message).toMatch(/nowhere: name the directory with --data, a sidecar with --url, or the server/);
  });

  test.each(['move', 'backup', 'forget'])('%s without a history says which directory it looked into', async (name) => {
    const args = { move: ['--to', 'http://127.0.0.1:1'], backup: ['--to', at('none')], forget: ['--session', 's'] }[
      name
    ];
    expect((await run(name, ...(args as string[]), '--data', at('nowhere'))).problem?.message).toMatch(
      /^there is no (history|data) in .*nowhere: name the directory with --data$/,
    );
  });
});

describe('migrate --dry-run', () => {
  const all = ['--keep-traces', '7', '--keep-calls', '30', '--keep-rollups', 'forever'];
  test.each<[string, string[], Layout]>([
    ['one server', [], {}],
    ['a storage policy', ['--storage-policy', 'hot_cold'], { storagePolicy: 'hot_cold' }],
    ['a cluster', ['--cluster', 'main', '--storage-policy', 'p'], { cluster: 'main', storagePolicy: 'p' }],
    ['a Collector', ['--traces', 'otel.otel_traces'], { traces: 'otel.otel_traces' }],
  ])('prints for %s the statements that layout.test.ts parses, each with its semicolon', async (_, args, layout) => {
    const { said, problem } = await run('migrate', '--dry-run', ...all, ...args);
    expect(problem).toBeUndefined();
    const printed = said.split(/;\n+/).filter((each) => each.trim() !== '');
    expect(printed).toEqual([
      ...preparation(layout),
      ...migrations(layout).flatMap(({ statements }) => statements),
      ...retentionStatements({ traces: 7, calls: 30, rollups: undefined }, layout),
    ]);
    expect(printed.filter((each) => each.includes('MODIFY TTL')).length).toBe(layout.traces ? 2 : 4);
    const json = await run('migrate', '--dry-run', '--json', ...all, ...args);
    expect(JSON.parse(json.said)).toEqual({ statements: printed });
  });
});

describe('beside a sidecar that asks for its token', () => {
  const asking: readonly (readonly [name: string, args: readonly string[]])[] = [
    ['simulate', ['--days', '1', '--calls-per-hour', '2', '--mix', '--json']],
    ['status', ['--json']],
    ['report', ['--json']],
    ['backtest', ['--json']],
    ['replay', ['--json']],
    ['doctor', ['--json']],
  ];

  test.each(asking)('%s is told what to give when it has none', async (name, args) => {
    const { problem, said } = await run(name, ...args, '--url', sidecar?.url as string);
    const wanted = /asks for its token: give it with --token or ROUTESCOPE_TOKEN/;
    expect(`${problem?.message} ${said}`).toMatch(wanted);
    expect(problem).toBeInstanceOf(Error);
  });

  test.each(asking)('%s with it answers in JSON', async (name, args) => {
    const { problem, said } = await run(name, ...args, '--url', sidecar?.url as string, '--token', token);
    expect(problem).toBeUndefined();
    expect(JSON.parse(said)).toBeTypeOf('object');
  });

  test('backtest says which signals there are, and what one needs that has no limit yet', async () => {
    const judge = (...args: string[]) => run('backtest', '--url', sidecar?.url as string, '--token', token, ...args);
    const [unknown, early, twice] = [
      await judge('--signal', 'latencies'),
      await judge('--signal', 'latency'),
      await judge('--signal', 'latency', '--buckets', 'none.jsonl'),
    ];
    expect(unknown.problem?.message).toBe(
      '--signal latencies: expected fallback, latency, cost, override, routing or score:RUBRIC',
    );
    expect(early.problem?.message).toMatch(/^there is nothing to judge latency by: its limit is frozen/);
    expect(twice.problem?.message).toMatch(/^--signal is of the stored history/);
  });

  test('doctor --json has every check there is, by name', async () => {
    const { said } = await run('doctor', '--json', '--url', sidecar?.url as string, '--token', token, '--data', data);
    const { healthy, checks } = JSON.parse(said) as { healthy: boolean; checks: { name: string; health: string }[] };
    expect(healthy).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(
        'port,gRPC port,clock,disk,engine,ledger,schema,last span,sampling,attempts without a call,tagged,checked,priced,gaps'.split(
          ',',
        ),
      ),
    );
    for (const { health } of checks) expect(['ok', 'warn', 'skipped']).toContain(health);
  });

  test('something else that listens there, and a certificate nobody trusts, are told apart from nobody', async () => {
    const other = createServer((_, response) => response.writeHead(404).end('no'));
    const secure = createTlsServer({ cert, key }, (_, response) => response.end('{}'));
    for (const server of [other, secure]) await once(server.listen(0, '127.0.0.1'), 'listening');
    const port = (server: Server): number => (server.address() as AddressInfo).port;
    const told = async (name: string, url: string) => {
      const { problem, said } = await run(name, '--url', url);
      return `${said} ${problem?.message}`;
    };
    for (const name of ['status', 'doctor']) {
      expect(await told(name, `http://127.0.0.1:${port(other)}`)).toContain('something else listens there');
      expect(await told(name, `https://127.0.0.1:${port(secure)}`)).toMatch(
        /the certificate of https:.* is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): name the file of its authority in NODE_EXTRA_CA_CERTS/,
      );
      expect(await told(name, 'http://127.0.0.1:1')).toContain('no sidecar answers at http://127.0.0.1:1: start one');
    }
    expect(await told('report', `https://127.0.0.1:${port(secure)}`)).toContain('is not trusted');
    for (const server of [other, secure]) server.close();
  });

  test('doctor where nobody listens fails, and its JSON says why', async () => {
    const { problem, said } = await run('doctor', '--json', '--url', 'http://127.0.0.1:1', '--data', data);
    expect(problem?.message).toBe('1 of 4 checks failed');
    expect(JSON.parse(said)).toMatchObject({
      healthy: false,
      checks: [{ name: 'port', health: 'fail' }, {}, { name: 'owner' }, { name: 'waiting', health: 'ok' }],
    });
  });
});

describe('a history', () => {
  const counting = `SELECT ${['otel_traces', 'attempts', 'calls', 'scores FINAL', 'session_units']
    .map((table) => `toUInt32((SELECT count() FROM routescope.${table})) AS ${table.split(' ')[0]}`)
    .join(', ')}, toUInt32((SELECT sum(calls) FROM routescope.calls_1m)) AS minutes`;
  const rows = async (of: string): Promise<Record<string, number>> => {
    let found: Record<string, number> = {};
    await withStore(
      { url: '', dataDirectory: of, explicitUrl: false, explicitData: true, log: () => {} },
      async (ask) => {
        found = (await ask(counting, {}))[0] as Record<string, number>;
      },
    );
    return found;
  };

  test('is backed up while the sidecar runs, and put back into a directory of its own', async () => {
    expect((await run('backup', '--to', at('backup'), '--data', data)).problem).toBeUndefined();
    expect((await run('backup', '--to', at('backup'), '--data', data)).problem?.message).toContain('already exists');
    const { problem, said } = await run('restore', '--from', at('backup'), '--data', at('restored'));
    expect(problem).toBeUndefined();
    expect(said).toContain(`the tables are back in ${at('restored')}`);
    expect((await run('restore', '--from', at('backup'), '--data', at('restored'))).problem?.message).toContain(
      'there are tables already',
    );
    expect((await run('restore', '--from', at('no-backup'), '--data', at('empty'))).problem).toBeInstanceOf(Error);
    expect(readdirSync(at('empty'))).toEqual(['engine']);

    // Killed in the middle, with some of the tables there.
    const whole = await rows(at('restored'));
    const engine = await openEngine(join(at('restored'), 'engine'));
    await engine.writer.command({ query: 'TRUNCATE TABLE routescope.calls' });
    await engine.close();
    writeFileSync(join(at('restored'), 'restoring'), '');
    await expect(startSidecar({ dataDirectory: at('restored'), port: 0 })).rejects.toThrow('half of a backup is in');
    expect((await run('restore', '--from', at('backup'), '--data', at('restored'))).problem).toBeUndefined();
    expect(await rows(at('restored'))).toEqual(whole);
    expect(existsSync(join(at('restored'), 'restoring'))).toBe(false);
  });

  test('forgets a session and a user in every table, and says where they still are', async () => {
    const of = at('restored');
    const before = await rows(of);
    mkdirSync(join(of, 'dead-letter'), { recursive: true });
    mkdirSync(join(of, 'spool'), { recursive: true });
    writeFileSync(join(of, 'dead-letter', '9-0.seg'), 'a session-1 b');
    writeFileSync(join(of, 'spool', '00000000000000000003.seg'), 'session-1');
    writeFileSync(join(of, 'spool', '00000000000000000004.seg'), 'session-1');
    writeFileSync(join(of, 'spool', 'load.cursor'), '3');
    const { said, problem } = await run('forget', '--session', 'session-1', '--data', of, '--json');
    expect(problem).toBeUndefined();
    const { forgotten, remains } = JSON.parse(said) as { forgotten: object; remains: string[] };
    expect(forgotten).toEqual({
      otel_traces: 4,
      otel_traces_trace_id_ts: 4,
      attempts: 4,
      calls: 4,
      scores: expect.any(Number),
      scores_early: 1,
    });
    expect(remains.slice(0, 3).map((each) => each.replace(of, ''))).toEqual([
      expect.stringMatching(/^\/spool\/0+3\.seg holds the id: it is loaded, and kept up to 7 days/),
      expect.stringMatching(/^\/spool\/0+4\.seg holds the id and is not loaded yet: run this again/),
      expect.stringMatching(/^\/dead-letter\/9-0\.seg holds the id: remove it/),
    ]);
    expect(remains.join('\n')).toContain('sums by minute: they hold counts and money, no ids');
    const user = await run('forget', '--user', 'user-3', '--data', of);
    expect(user.said).toMatch(/^calls: 6 rows deleted$/m);
    expect(user.said).toContain('a user is named in spans only');
    expect((await run('forget', '--user', 'nobody', '--data', of)).said).toContain('no row knows this user');
    const after = await rows(of);
    for (const table of ['otel_traces', 'attempts', 'calls']) expect(after[table]).toBe((before[table] as number) - 10);
    expect(after['scores']).toBe((before['scores'] as number) - 1);
  });

  test('is moved to a server, though killed in the middle', { timeout: 120_000 }, async () => {
    const there = await startTestServer({});
    try {
      expect((await run('move', '--to', there.url, '--data', data)).problem?.message).toMatch(/is in use|in use by/);
      await sidecar?.close();
      sidecar = undefined;
      const before = await rows(data);
      const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
      // It kills itself: what is killed from outside may be done before.
      const dying = `data:text/javascript,${encodeURIComponent(`
        const { stderr } = process;
        const write = stderr.write.bind(stderr);
        stderr.write = (line, ...more) => {
          if (line.includes(', partition ')) process.kill(process.pid, 'SIGKILL');
          return write(line, ...more);
        };`)}`;
      const killed = spawn(process.execPath, ['--import', dying, main, 'move', '--to', there.url, '--data', data]);
      expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL']);
      expect(existsSync(join(data, 'move.json'))).toBe(true);
      await expect(begin()).rejects.toThrow("finish with 'routescope move'");

      const { said, problem, logged } = await run('move', '--to', there.url, '--data', data, '--json');
      expect(problem).toBeUndefined();
      expect(JSON.parse(said)).toEqual({ partitions: expect.any(Number), rows: expect.any(Number) });
      expect(`${said}${logged}`).not.toContain(there.server.password);
      expect(existsSync(join(data, 'move.json'))).toBe(false);
      expect(readdirSync(data).filter((name) => name.startsWith('engine.moved-'))).toHaveLength(1);
      const engine = await openServer(there.server);
      const moved = await engine.reader.query({ query: counting, format: 'JSONEachRow' });
      expect(await moved.json()).toEqual([before]);
      await engine.close();
      expect((await run('move', '--to', there.url, '--data', data)).problem?.message).toContain('there is no history');
    } finally {
      await there.close();
    }
  });
});
