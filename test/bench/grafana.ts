/**
 * `grafana`: what a look at the dashboards costs the engine. A sidecar process takes a simulated history; every query of
 * every dashboard and rule is then asked as Grafana's plugin would send it, several times, and the engine's CPU time read
 * before and after.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dashboards } from '@routescope/panels';
import { asStored } from '../grafana/plugin.ts';
import { cli, startSidecarProcess } from '../sidecar.ts';
import { cpuSeconds } from './cpu.ts';
import { type Figure, figure } from './figure.ts';

const times = 5;
const daySeconds = 86_400;

interface Asked {
  readonly dashboard: string;
  readonly name: string;
  readonly sql: string;
  /** The detector's whole look at four weeks is in it. */
  readonly isDetector: boolean;
}

export async function grafana({ quick, seed }: { quick: boolean; seed: number }): Promise<Figure[]> {
  const days = quick ? 7 : 28;
  const directory = mkdtempSync(join(tmpdir(), 'routescope-bench-grafana-'));
  const sidecar = await startSidecarProcess(directory, ['--watch-every', '0']);
  try {
    const until = Math.floor(Date.now() / 60_000) * 60;
    const options = ['--days', `${days}`, '--seed', `${seed}`, '--until', new Date(until * 1_000).toISOString()];
    await promisify(execFile)(process.execPath, [cli, 'simulate', '--url', sidecar.url, ...options]);
    const costs: (Asked & { cpu: number })[] = [];
    for (const asked of queries(until, days)) {
      await ask(sidecar.url, asked.sql); // what is read from disk stays in memory
      const before = cpuSeconds(sidecar.enginePid());
      for (let time = 0; time < times; time++) await ask(sidecar.url, asked.sql);
      costs.push({ ...asked, cpu: (1_000 * (cpuSeconds(sidecar.enginePid()) - before)) / times });
    }
    return figures(costs, days);
  } finally {
    await sidecar.stop('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Rules as of now, and panels over all the days with an hour or more for a point. */
function queries(until: number, days: number): Asked[] {
  const read = (file: string): string =>
    readFileSync(new URL(`../../../dashboards/grafana/${file}`, import.meta.url), 'utf8');
  const from = until - days * daySeconds;
  const panels = dashboards.flatMap(({ id, panels: definitions }) => {
    const json = JSON.parse(read(`${id}.json`));
    const variables = Object.fromEntries(
      json.templating.list.map(({ name, type }: { name: string; type: string }) => [
        name,
        type === 'query' ? 'all' : ['none'],
      ]),
    );
    return definitions.map((panel, index) => ({
      dashboard: id,
      name: panel.id,
      sql: asStored(json.panels[index].targets[0].rawSql, {
        from,
        to: until,
        intervalSeconds: panel.stepSeconds ?? (days * daySeconds) / 60,
        variables,
      }),
    }));
  });
  const rules = JSON.parse(read('alerts.yaml').replace(/^#.*\n/, '')).groups[0].rules.map(
    ({ title, data: [{ model }] }: { title: string; data: [{ model: { rawSql: string } }] }) => ({
      dashboard: 'rules',
      name: title,
      sql: asStored(model.rawSql, { from, to: until, intervalSeconds: 60 }),
    }),
  );
  return [...panels, ...rules].map((asked) => ({ ...asked, isDetector: asked.sql.includes('evidence_minutes') }));
}

async function ask(url: string, sql: string): Promise<void> {
  const answer = await fetch(`${url}/query?default_format=JSON`, { method: 'POST', body: sql });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.arrayBuffer();
}

function figures(costs: readonly (Asked & { cpu: number })[], days: number): Figure[] {
  const plain = costs.filter(({ isDetector }) => !isDetector);
  const slowest = [...plain].sort((a, b) => b.cpu - a.cpu)[0] as Asked & { cpu: number };
  const detector = costs.filter(({ isDetector }) => isDetector).map(({ cpu }) => cpu);
  const of = `${days} days of 200 calls an hour`;
  return [
    figure(
      'query_cpu_ms',
      'ms',
      plain.map(({ cpu }) => cpu),
      `at most 50: the median query, ${of}`,
      (value) => value <= 50,
    ),
    figure('slowest_query_cpu_ms', 'ms', [slowest.cpu], `at most 300: ${slowest.name}`, (value) => value <= 300),
    figure(
      'detector_cpu_ms',
      'ms',
      detector,
      'at most 1500: the queries that hold the drift detector',
      (value) => value <= 1_500,
    ),
    ...[...dashboards.map(({ id }) => id), 'rules'].map((id) => {
      const cpu = costs.filter(({ dashboard }) => dashboard === id).reduce((sum, each) => sum + each.cpu, 0);
      const goal = id === 'fallback-drift' ? 4_000 : id === 'rules' ? 2_000 : 1_000;
      return figure(
        `${id.replaceAll('-', '_')}_cpu_ms`,
        'ms',
        [cpu],
        `at most ${goal}: one refresh of all of it`,
        (value) => value <= goal,
      );
    }),
  ];
}
