import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { cli, startSidecarProcess } from '../sidecar.ts';
import { until } from './programs.ts';
import { openSink } from './sink.ts';
import { type SeenSpan, wrongInTree } from './tree.ts';

test('spans passed on arrive as trees with the right parents, each call with its attempts', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-tree-'));
  const sink = await openSink();
  const sidecar = await startSidecarProcess(directory, ['--forward', sink.url]);
  try {
    const options = [
      '--days',
      '1',
      '--calls-per-hour',
      '20',
      '--seed',
      '3',
      '--until',
      '2026-11-20T00:00:00Z',
      '--json',
    ];
    const { stdout } = await promisify(execFile)(process.execPath, [cli, 'simulate', '--url', sidecar.url, ...options]);
    const said = JSON.parse(stdout) as { sessions: number; spans: number };
    await until('every span arrives', 60, async () => (sink.spans.length >= said.spans ? true : undefined));
    const traces = new Map<string, SeenSpan[]>();
    for (const span of sink.spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
    expect(traces.size).toBe(said.sessions);
    for (const spans of traces.values()) expect(wrongInTree(spans)).toEqual([]);
    const some = [...traces.values()].find((spans) => spans.some(({ name }) => name === 'route rewrite-query'));
    expect(some).toBeDefined();
  } finally {
    await sidecar.stop('SIGTERM');
    await sink.close();
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);

test('a tree with a lost parent, a lost attempt or a foreign one is found wrong', () => {
  const root: SeenSpan = { traceId: 't', spanId: 'r', parentId: '', name: 'POST /ask', tags: {} };
  const call = (tags = {}): SeenSpan => ({
    traceId: 't',
    spanId: 'c',
    parentId: 'r',
    name: 'route x',
    tags: { 'routescope.tag': 'x', 'routescope.attempt.count': 1, ...tags },
  });
  const attempt: SeenSpan = {
    traceId: 't',
    spanId: 'a',
    parentId: 'c',
    name: 'chat m',
    tags: { 'routescope.tag': 'x', 'routescope.call.id': 'c' },
  };
  expect(wrongInTree([root, call(), attempt])).toEqual([]);
  expect(wrongInTree([call(), attempt])).toContain('0 roots, expected 1');
  expect(wrongInTree([root, call()])).toContain('route x has 0 attempts, says 1');
  expect(wrongInTree([root, call(), { ...attempt, parentId: 'gone' }])).toContain('the parent of chat m is missing');
  expect(wrongInTree([root, call(), { ...attempt, tags: {} }])).toContain('chat m names another call');
});
