/** `npm run demo [-- --check --json] [--fixtures DIR]`: from nothing to a report on the embedded engine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownFixtures } from '../provider/fixtures.ts';
import { cli } from '../sidecar.ts';
import { check } from './check.ts';
import { driftingTag, sessionsForAlert } from './plan.ts';
import { type Simulation, simulate, tooFewForWatch } from './simulation.ts';

const help = `npm run demo [-- --check] [--json] [--fixtures DIR] [--prices FILE] [--sessions N]

  --check         end by itself; compare the tables with what the provider counted; exit 1 on any difference
  --json          with --check: print one JSON object and nothing else on standard output
  --fixtures DIR  play the recorded answers below DIR (the form is described in test/fixtures/README.md)
  --prices FILE   your own prices on top of the catalog (JSON)
  --sessions N    sessions of seven calls to play (default 720; below ${sessionsForAlert} the watch for drift is not asked)
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function settings() {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean' },
      json: { type: 'boolean' },
      fixtures: { type: 'string' },
      prices: { type: 'string' },
      sessions: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const sessions = Number(values.sessions ?? 720);
  if (!Number.isInteger(sessions) || sessions < 1)
    throw new Error(`--sessions ${values.sessions}: expected a whole number from 1`);
  if (values.fixtures !== undefined && !existsSync(values.fixtures))
    throw new Error(`--fixtures ${values.fixtures}: there is no such directory`);
  return { ...values, sessions, fixtures: values.fixtures ?? ownFixtures };
}

async function main(): Promise<void> {
  const options = settings();
  if (options.help) return void process.stdout.write(help);
  const dataDirectory = mkdtempSync(join(tmpdir(), 'routescope-demo-'));
  const simulation = await simulate({
    dataDirectory,
    fixtures: options.fixtures,
    sessions: options.sessions,
    prices: options.prices,
    progress: say,
  });
  try {
    if (options.check) await printCheck(simulation, options.json ?? false);
    else await show(simulation, dataDirectory);
  } finally {
    await simulation.close();
    rmSync(dataDirectory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function printCheck(simulation: Simulation, isJson: boolean): Promise<void> {
  const checked = await check(simulation);
  if (checked.differences.length > 0) process.exitCode = 1;
  if (isJson) return void process.stdout.write(`${JSON.stringify(checked)}\n`);
  for (const [name, value] of Object.entries(checked.calls)) process.stdout.write(`${name.padEnd(20)} ${value}\n`);
  process.stdout.write(
    `cost, provider       ${checked.cost.provider} USD\ncost, tables         ${checked.cost.tables} USD\n`,
  );
  for (const [id, tags] of Object.entries(checked.alerts))
    process.stdout.write(`${id.padEnd(20)} fires for ${tags.join(', ') || 'nothing'}\n`);
  process.stdout.write(
    checked.drift === null
      ? `${tooFewForWatch(simulation.planned.length)}\n`
      : `drift                told of ${checked.drift.map(({ tag, direction }) => `${tag} (${direction})`).join(', ') || 'nothing'}\n`,
  );
  process.stdout.write(checked.differences.length === 0 ? 'no difference\n' : `${checked.differences.join('\n')}\n`);
}

async function show(simulation: Simulation, dataDirectory: string): Promise<void> {
  const { url } = simulation.sidecar;
  const report = spawn(process.execPath, [cli, 'report', '--url', url], { stdio: ['ignore', 'inherit', 'inherit'] });
  await once(report, 'exit');
  const told = simulation.watched
    ? simulation.watched.first.map(({ text }) => text).join('\n') || 'nothing'
    : tooFewForWatch(simulation.planned.length);
  process.stdout.write(`
What a webhook was told (serve --alert-webhook URL):
${told}

${simulation.made} calls over six days. In the last three, the small model of ${driftingTag} got worse: see its fallback rate.

Ask on, in another terminal:
  npm run --silent routescope -- report --url ${url} --from -2d
  npm run --silent routescope -- status --url ${url}
  curl -s '${url}/query' --data "SELECT tag, outcome, count() FROM routescope.calls GROUP BY tag, outcome ORDER BY tag FORMAT PrettyCompact"
Send your own spans (OTLP/HTTP): ${url}/v1/traces
`);
  if (!process.stdout.isTTY) return;
  process.stdout.write(`The sidecar runs until Ctrl-C; its data in ${dataDirectory} goes with it.\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

main().catch((problem: unknown) => {
  say(`demo: ${problem instanceof Error ? problem.message : String(problem)}`);
  process.exitCode = 2;
});
