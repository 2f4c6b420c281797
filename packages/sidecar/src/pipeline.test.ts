import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetOf } from './forward/target.ts';
import { type Sidecar, startSidecar } from './pipeline.ts';
import { isRunning } from './process.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-pipeline-'));
let sidecar: Sidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ dataDirectory: directory, port: 0, lingerMs: 10 });
});
afterAll(async () => {
  await sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

const page = async (path: string) => {
  const response = await fetch(new URL(path, sidecar.url));
  return { status: response.status, text: await response.text() };
};
const body = (spanIds: readonly string[]): string =>
  JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: spanIds.map((spanId) => ({
              traceId: '5b8efff798038103d269b633813fc60c',
              spanId,
              name: 'chat m',
              kind: 3,
              startTimeUnixNano: '1700000000000000000',
              endTimeUnixNano: '1700000001000000000',
              attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }],
            })),
          },
        ],
      },
    ],
  });

test('the ledger adds up at /metrics: received = stored + duplicate + rejected + queued', async () => {
  const send = (spanIds: readonly string[]): Promise<Response> =>
    fetch(new URL('/v1/traces', sidecar.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body(spanIds),
    });
  await send(['eee19b7ec3c1b174', 'eee19b7ec3c1b175', '0000000000000000']);
  await send(['eee19b7ec3c1b174']);
  await sidecar.flush();
  const { status, text } = await page('/metrics');
  expect(status).toBe(200);
  for (const line of [
    'routescope_received_spans_total 4',
    'routescope_duplicate_spans_total 1',
    'routescope_rejected_spans_total 1',
    'routescope_stored_spans_total{target="clickhouse"} 2',
    'routescope_queued_spans{target="clickhouse"} 0',
    'routescope_acknowledge_seconds_count 2',
  ])
    expect(text).toContain(`\n${line}\n`);
});

test('it says that it lives and that it answers', async () => {
  expect(await page('/livez')).toEqual({ status: 200, text: 'alive\n' });
  expect(await page('/readyz')).toEqual({ status: 200, text: 'ready\n' });
});

test('a start that fails late leaves nothing behind: no engine, no lock', async () => {
  const home = join(directory, 'late');
  mkdirSync(join(home, 'work'), { recursive: true });
  writeFileSync(join(home, 'work', 'cuts.json'), 'no JSON');
  const forward = [targetOf('http://127.0.0.1:9')];
  const starting = () => startSidecar({ dataDirectory: home, port: 0, grpcPort: 0, forward });
  await expect(starting()).rejects.toThrow('cuts.json cannot be read');
  const [engine = ''] = readFileSync(join(home, 'engine', 'owners'), 'utf8').split('\n');
  expect(isRunning(engine)).toBe(false);
  expect(existsSync(join(home, 'spool', 'lock.1'))).toBe(false);
});
