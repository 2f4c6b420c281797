/**
 * `npm run test:conformance [-- --only NAME,… | --newest] [--fixtures DIR] [--node VERSION,…] [--json]`: does the
 * observed client do exactly what the bare one does, on every SDK version we say we support? One process per version;
 * exits 1 when a check failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { install } from '../install.ts';
import { ownFixtures } from '../provider/fixtures.ts';
import { checksOf } from './checks/index.ts';
import { dialectOf } from './dialect.ts';
import { type Report, runChecks } from './run.ts';
import { checkTypes } from './types.ts';
import { nodeOf, sdksFolder, type Version, versions } from './versions.ts';

const usage = `usage: npm run test:conformance [-- --only NAME,... | --newest] [--fixtures DIR] [--node VERSION,...] [--json]

Runs every check on the bare client and the observed one side by side.
  --only      versions by name: ${versions.map(({ name }) => name).join(', ')}
  --newest    the two newest versions of each SDK
  --fixtures  replay the recorded answers below this directory instead of the project's own
  --node      run on these versions of Node (such as 20,22,24) instead of this one
  --json      print {passed, failed, exempt: [{check, version, why}], ...}
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    newest: { type: 'boolean' },
    fixtures: { type: 'string' },
    node: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    /** Internal: this process runs one version and writes its report there. */
    report: { type: 'string' },
  },
  strict: true,
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const fixtures = values.fixtures ?? join(ownFixtures, 'providers');
if (!existsSync(fixtures)) refuse(`--fixtures: there is no directory ${fixtures}`);
const chosen = choose();

if (values.report !== undefined) await runOne(chosen[0] as Version, values.report);
else await runAll();

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n${usage}`);
  process.exit(2);
}

function choose(): readonly Version[] {
  if (values.newest) return versions.filter(({ isNewest }) => isNewest);
  if (values.only === undefined) return versions;
  return values.only.split(',').map((name) => {
    const version = versions.find((each) => each.name === name.trim().replace(/^@anthropic-ai\/sdk@/, 'anthropic@'));
    return version ?? refuse(`--only: there is no ${name}`);
  });
}

async function runOne(version: Version, path: string): Promise<never> {
  const dialect = dialectOf(version);
  const report = await runChecks(dialect, checksOf(dialect, fixtures));
  writeFileSync(path, JSON.stringify(report));
  process.exit(0);
}

async function runAll(): Promise<void> {
  install(sdksFolder);
  const nodes =
    values.node === undefined ? [process.execPath] : values.node.split(',').map((each) => nodeOf(each.trim()));
  const reports: Report[] = [];
  for (const node of nodes) {
    for (const version of chosen) {
      const report = await inProcess(version, node);
      reports.push(report);
      if (!values.json) say(report, nodes.length > 1 ? node : undefined);
    }
  }
  const types = checkTypes(chosen);
  reports.push(types);
  if (!values.json) say(types);

  const failures = reports.flatMap((report) => report.failures);
  const exempt = reports.flatMap((report) => report.exempt);
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  if (values.json) {
    const perVersion = Object.fromEntries(reports.map(({ version, groups }) => [version, groups]));
    process.stdout.write(
      `${JSON.stringify({ passed, failed: failures.length, exempt, failures, groups: perVersion })}\n`,
    );
  } else process.stdout.write(`${passed} passed, ${failures.length} failed, ${exempt.length} exempt\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

/** A process for itself: what an SDK leaves behind, or a crash, touches no other version. */
async function inProcess(version: Version, node: string): Promise<Report> {
  const path = join(sdksFolder, `.report-${process.pid}-${version.name}.json`);
  const args = [fileURLToPath(import.meta.url), '--only', version.name, '--fixtures', fixtures, '--report', path];
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => output.push(piece));
  child.stderr.on('data', (piece: Buffer) => output.push(piece));
  const code = await new Promise((ended) => child.on('close', ended));
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    const problem = `the process ended with ${code}: ${Buffer.concat(output).toString().slice(-4_000)}`;
    return {
      version: version.name,
      passed: 0,
      failures: [{ check: 'the process', version: version.name, problem }],
      exempt: [],
      groups: {},
    };
  } finally {
    rmSync(path, { force: true });
  }
}

function say({ version, passed, failures, exempt, groups }: Report, node?: string): void {
  const parts = Object.entries(groups).map(([group, count]) => `${group} ${count}`);
  process.stdout.write(
    `${version}${node ? ` on ${node}` : ''}: ${passed} passed, ${failures.length} failed, ${exempt.length} exempt\n`,
  );
  process.stdout.write(`  ${parts.join(' · ')}\n`);
  for (const { check, problem } of failures)
    process.stdout.write(`  FAIL ${check}\n    ${problem.replaceAll('\n', '\n    ')}\n`);
  for (const { check, why } of exempt) process.stdout.write(`  exempt ${check}: ${why}\n`);
}
