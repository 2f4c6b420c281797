/** `routescope doctor`: looks at a running sidecar from the port to the share of priced calls, and says what to do. */
import { statfs } from 'node:fs/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { type Check, clock, disk, engine, type Health, ledger, tables } from '../doctor/checks.ts';
import { directory } from '../doctor/directory.ts';
import { askOf } from '../engine/ask.ts';
import type { SidecarStatus } from '../pipeline.ts';
import { knock, nobodyAt, questionsTo, wantsToken } from './ask.ts';
import { command, UsageError } from './command.ts';
import { data, json, token, url } from './options.ts';

const mark: Readonly<Record<Health, string>> = { ok: 'ok   ', warn: 'WARN ', fail: 'FAIL ', skipped: '-    ' };

export const doctor = command({
  name: 'doctor',
  summary: 'check ports, disk, engine, ledger, coverage; say what to do',
  options: { url, token, data, json },
  async run({ values }, { print }) {
    const checks = await examine(values.url, values.token, values.data);
    const failed = checks.filter(({ health }) => health === 'fail').length;
    if (values.json) print(JSON.stringify({ url: values.url, healthy: failed === 0, checks }));
    else {
      const width = Math.max(...checks.map(({ name }) => name.length));
      for (const { name, health, says } of checks) print(`${mark[health]}${name.padEnd(width)}  ${says}`);
    }
    if (failed > 0) throw new Error(`${failed} of ${checks.length} checks failed`);
  },
});

/** Every check there is; those that need what failed before are skipped. */
export async function examine(sidecar: string, token: string | undefined, dataDirectory: string): Promise<Check[]> {
  const get = (path: string): Promise<Response | undefined> => knock(sidecar, path, token, { patienceMs: 10_000 });
  const asked = Date.now();
  const answer = await get('/status').catch((problem: Error) => {
    if (problem instanceof UsageError) throw problem;
    return problem;
  });
  const space = await statfs(dataDirectory).then(
    ({ bavail, blocks, bsize }) => disk(dataDirectory, bavail * bsize, blocks * bsize),
    (): Check => ({ name: 'disk', health: 'skipped', says: `there is no ${dataDirectory} on this machine` }),
  );
  if (answer instanceof Error) return [{ name: 'port', health: 'fail', says: answer.message }, space];
  if (!answer) return [port(sidecar, undefined), space, ...(await directory(dataDirectory))];
  if (!answer.ok) return [port(sidecar, answer.status), space];

  const date = answer.headers.get('date');
  const status = await settled(get, (await answer.json()) as SidecarStatus);
  const ready = await get('/readyz');
  const readiness = (await ready?.text())?.trim() ?? 'it does not say whether it is ready';
  const found = [
    port(sidecar, answer.status),
    await grpcPort(sidecar, status.grpcPort),
    clock(date === null ? undefined : (Date.parse(date) - asked) / 1_000),
    space,
    engine(ready?.ok === true, readiness, status),
    ...ledger(status),
  ];
  if (!ready?.ok) return [...found, { name: 'tables', health: 'skipped', says: 'the engine does not answer' }];
  const client = questionsTo(sidecar, token);
  try {
    return [...found, ...(await tables(askOf(client), Date.now()))];
  } catch (problem) {
    return [
      ...found,
      { name: 'tables', health: 'fail', says: problem instanceof Error ? problem.message : String(problem) },
    ];
  } finally {
    await client.close();
  }
}

function port(sidecar: string, status: number | undefined): Check {
  if (status === 200) return { name: 'port', health: 'ok', says: `a sidecar answers at ${sidecar}` };
  const says =
    status === undefined
      ? nobodyAt(sidecar)
      : status === 401
        ? wantsToken(sidecar)
        : `${sidecar} answered ${status}: something else listens there (a collector, Jaeger?)`;
  return { name: 'port', health: 'fail', says };
}

/** Whether gRPC is spoken there; its own health is no part of OTLP. */
async function grpcPort(sidecar: string, at: number | undefined): Promise<Check> {
  const name = 'gRPC port';
  if (at === undefined)
    return { name, health: 'skipped', says: 'OTLP/gRPC is not taken: it is with serve --grpc-port 4317' };
  const { protocol, hostname } = new URL(sidecar);
  const client = new Client(
    `${hostname}:${at}`,
    protocol === 'https:' ? credentials.createSsl() : credentials.createInsecure(),
  );
  const problem = await new Promise<Error | undefined>((done) => client.waitForReady(Date.now() + 5_000, done));
  client.close();
  return problem
    ? { name, health: 'fail', says: `no gRPC is spoken at ${hostname}:${at}: is a firewall or proxy between?` }
    : { name, health: 'ok', says: `OTLP/gRPC is taken at ${hostname}:${at}` };
}

/** Counts are read one after the other while spans arrive: a sum that is off is looked at again before it is believed. */
async function settled(
  get: (path: string) => Promise<Response | undefined>,
  first: SidecarStatus,
): Promise<SidecarStatus> {
  let status = first;
  for (
    let looks = 0;
    looks < 5 && ledger(status).some(({ name, health }) => name === 'ledger' && health === 'fail');
    looks++
  )
    status = ((await (await get('/status'))?.json()) as SidecarStatus | undefined) ?? status;
  return status;
}
