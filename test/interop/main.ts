/**
 * `npm run test:interop [-- --json]`: Routescope with the real programs beside it. Each is looked for by name or by its
 * variable (PROMETHEUS, PROMTOOL, ALERTMANAGER, OTELCOL, JAEGER); what is lacking is said, and is no failure.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { cli, startSidecarProcess } from '../sidecar.ts';
import { throughCollector } from './collector.ts';
import { foundByTag, jaegerIsReady, jaegerOtlp, startJaeger, takesConfiguration } from './jaeger.ts';
import { find } from './programs.ts';
import { alertArrives, checkRules } from './prometheus.ts';

interface Result {
  readonly check: string;
  readonly state: 'passed' | 'failed' | 'lacking';
  readonly said: string;
}

const { values } = parseArgs({ options: { json: { type: 'boolean' } } });
const directory = mkdtempSync(join(tmpdir(), 'routescope-interop-'));
const results: Result[] = [];

function say(result: Result): void {
  results.push(result);
  if (!values.json) process.stdout.write(`${result.state.padEnd(8)} ${result.check}: ${result.said}\n`);
}

async function check(name: string, needs: readonly (string | undefined)[], run: () => unknown): Promise<void> {
  if (needs.includes(undefined)) return say({ check: name, state: 'lacking', said: 'the program is not here' });
  try {
    say({ check: name, state: 'passed', said: String((await run()) ?? 'yes') });
  } catch (problem) {
    say({ check: name, state: 'failed', said: problem instanceof Error ? problem.message : String(problem) });
  }
}

const [prometheus, promtool, alertmanager, otelcol] = [
  find('PROMETHEUS'),
  find('PROMTOOL'),
  find('ALERTMANAGER'),
  find('OTELCOL'),
];
const jaeger = startJaeger();
try {
  if (jaeger) await jaegerIsReady();
  const sidecar = await startSidecarProcess(join(directory, 'data'), jaeger ? ['--forward', jaegerOtlp] : []);
  try {
    await promisify(execFile)(process.execPath, [
      ...[cli, 'simulate', '--url', sidecar.url, '--days', '3', '--calls-per-hour', '200', '--seed', '1'],
    ]);
    await check('promtool checks and tests the rules', [promtool], () =>
      checkRules(promtool as string, join(directory, 'rules')),
    );
    const alerting = { prometheus: prometheus as string, sidecarUrl: sidecar.url };
    if (alertmanager)
      await check('Prometheus scrapes the sidecar, Alertmanager gets the alert', [prometheus], () =>
        alertArrives({ ...alerting, alertmanager, directory: join(directory, 'alerting') }),
      );
    else {
      await check('Prometheus scrapes the sidecar and fires', [prometheus], () =>
        alertArrives({ ...alerting, alertmanager, directory: join(directory, 'alerting') }),
      );
      say({ check: 'Alertmanager gets the alert', state: 'lacking', said: 'the program is not here' });
    }
    await check('an OpenTelemetry Collector sends through', [otelcol], () =>
      throughCollector(otelcol as string, sidecar.url, join(directory, 'collector')),
    );
    await check('Jaeger takes the configuration in deploy', [jaeger && 'here'], takesConfiguration);
    await check('Jaeger finds what was passed on, by tag, as a tree', [jaeger && 'here'], () =>
      foundByTag('research-assistant', 'rewrite-query'),
    );
  } finally {
    await sidecar.stop('SIGTERM');
  }
} finally {
  await jaeger?.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

const count = (state: Result['state']): number => results.filter((result) => result.state === state).length;
const counts = { passed: count('passed'), failed: count('failed'), lacking: count('lacking') };
process.stdout.write(
  values.json
    ? `${JSON.stringify({ ...counts, results })}\n`
    : `${counts.passed} passed, ${counts.failed} failed, ${counts.lacking} lacking\n`,
);
process.exitCode = counts.failed > 0 ? 1 : 0;
