/** Evaluation results of other instrumentations, which name their call by its span alone, find it whenever it comes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sidecar, startSidecar } from '../pipeline.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-scored-'));
let sidecar: Sidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ dataDirectory: directory, port: 0, lingerMs: 3_600_000 });
});
afterAll(async () => {
  await sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

const time = `${Date.now() - 7_200_000}000000`;
const later = `${Date.now()}000000`;
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const ids = (number: number) => ({
  traceId: number.toString(16).padStart(32, 'a'),
  spanId: number.toString(16).padStart(16, 'b'),
});

async function post(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(new URL(path, sidecar.url), { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
}
const call = (number: number): Promise<void> => {
  const attributes = [
    text('gen_ai.operation.name', 'chat'),
    text('gen_ai.request.model', 'm'),
    text('routescope.tag', 'draft'),
  ];
  const span = { ...ids(number), name: 'chat m', startTimeUnixNano: time, endTimeUnixNano: time, attributes };
  return post('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
};
const result = (number: number): Promise<void> => {
  const attributes = [
    text('gen_ai.evaluation.name', 'faithful'),
    { key: 'gen_ai.evaluation.score.value', value: { doubleValue: number / 10 } },
  ];
  const log = { ...ids(number), eventName: 'gen_ai.evaluation.result', timeUnixNano: later, attributes };
  return post('/v1/logs', { resourceLogs: [{ scopeLogs: [{ scope: { name: 'judges' }, logRecords: [log] }] }] });
};

test.each([
  ['after its call', 1, async () => [await call(1), await sidecar.flush(), await result(1)]],
  ['before its call', 2, async () => [await result(2), await sidecar.flush(), await call(2)]],
  ['in one segment with its call', 3, async () => [await result(3), await call(3)]],
  ['twice', 4, async () => [await call(4), await result(4), await sidecar.flush(), await result(4)]],
] as const)('one that comes %s has the tag, the model and the time of the call', async (_, number, send) => {
  await send();
  await sidecar.flush();
  const { spanId } = ids(number);
  const scores = async (): Promise<unknown> => {
    const query = `SELECT tag, model, scorer, name, value, call_started_at < now() - 3600 AS of_the_call FROM routescope.scores FINAL WHERE call_id = '${spanId}'`;
    const answer = await fetch(`${sidecar.url}/query?default_format=JSONEachRow`, { method: 'POST', body: query });
    return (await answer.text()).trim();
  };
  await expect.poll(scores).toBe(
    JSON.stringify({
      tag: 'draft',
      model: 'm',
      scorer: 'judges',
      name: 'faithful',
      value: number / 10,
      of_the_call: 1,
    }),
  );
});
