/** The ledger as a screen sees it: the panel's rows against the sidecar's own status, and against what doctor says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Panel, panels, readPanel } from '@routescope/panels';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledger } from './doctor/checks.ts';
import { askOf } from './engine/ask.ts';
import { targetOf } from './forward/target.ts';
import { type LedgerRows, startLedgerRows } from './ledger-rows.ts';
import { type Sidecar, startSidecar } from './pipeline.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-ledger-'));
const panel = panels.find(({ id }) => id === 'ledger') as Panel;
let sidecar: Sidecar;
let rows: LedgerRows;
const start = async (): Promise<void> => {
  // Nobody listens at port 1: what is forwarded waits.
  sidecar = await startSidecar({
    dataDirectory: directory,
    port: 0,
    lingerMs: 20,
    watch: { everySeconds: 0 },
    forward: [targetOf({ name: 'away', url: 'http://127.0.0.1:1' })],
  });
  rows = startLedgerRows({
    writer: sidecar.engine.writer,
    sidecar: 'this',
    status: sidecar.status,
    everyMs: 3_600_000,
    log: () => {},
  });
};
beforeAll(start);
afterAll(async () => {
  await sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

const told = async () => {
  await rows.write();
  const range = { from: 0, to: 60_000 }; // it is of now, whatever is looked at
  return (await readPanel(askOf(sidecar.engine.reader), panel, range)).filter((row) => row['sidecar'] === 'this');
};
const send = async (...spanIds: string[]): Promise<void> => {
  const spans = spanIds.map((spanId) => ({
    traceId: '1'.padStart(32, '0'),
    spanId,
    name: 'x',
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}000000`,
  }));
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${sidecar.url}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200);
  await sidecar.flush();
};
const id = (number: number): string => number.toString(16).padStart(16, '0');

test('nothing is told before there is anything to tell', async () => {
  expect(await told()).toEqual([]);
});

test('received = stored + duplicate + rejected + queued + set aside, for each target, as status and doctor have it', async () => {
  await send(id(1), id(2), id(3));
  await send(id(3), id(4), id(0)); // one again, one without an id
  const none = { set_aside: 0, unaccounted: 0 };
  const common = { ...none, received: 6, duplicate: 1, rejected: 1 };
  expect(await told()).toMatchObject([
    { target: 'away', ...common, stored: 0, queued: 4 },
    { target: 'clickhouse', ...common, stored: 4, queued: 0 },
  ]);
  const { received, duplicate, rejected, stored, queued } = sidecar.status();
  expect({ received, duplicate, rejected, stored, queued }).toEqual({
    received: 6,
    duplicate: 1,
    rejected: 1,
    stored: 4,
    queued: 0,
  });
  expect(ledger(sidecar.status())[0]).toMatchObject({ name: 'ledger', health: 'ok' });
});

test('after a restart it counts anew, and what lay on disk for a target counts as received', async () => {
  await rows.close();
  await sidecar.close();
  await start();
  await send(id(5));
  expect(await told()).toMatchObject([
    { target: 'away', received: 5, duplicate: 0, rejected: 0, stored: 0, queued: 5, set_aside: 0, unaccounted: 0 },
    { target: 'clickhouse', received: 1, stored: 1, queued: 0, unaccounted: 0 },
  ]);
});

test('the sidecar tells by itself, and its last word when it ends', async () => {
  await sidecar.close();
  await start();
  const all = await readPanel(askOf(sidecar.engine.reader), panel, { from: 0, to: 60_000 });
  const own = all.filter((row) => row['sidecar'] !== 'this');
  expect(own.map((row) => [row['target'], row['stored'], row['unaccounted']])).toEqual([
    ['away', 0, 0],
    ['clickhouse', 1, 0],
  ]);
});
