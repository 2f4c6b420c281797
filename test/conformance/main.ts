/**
 * `npm run test:conformance [-- --only NAME,… | --newest] [--fixtures DIR] [--node VERSION,…] [--mutants] [--json]`: does the
 * observed client do exactly what the bare one does, on every SDK version we say we support? One process per version;
 * exits 1 when a check failed.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../install.ts';
import { ownFixtures } from '../provider/fixtures.ts';
import { checksOf, collectsGarbage } from './checks/index.ts';
import { dialectOf } from './dialect.ts';
import { type Mutant, mutants } from './mutants.ts';
import { inProcess } from './process.ts';
import { type Report, runChecks } from './run.ts';
import { checkTypes } from './types.ts';
import { nodeOf, sdksFolder, type Version, versions } from './versions.ts';

const usage = `usage: npm run test:conformance [-- --only NAME,... | --newest] [--fixtures DIR] [--node VERSION,...] [--mutants] [--json]

Runs every check on the bare client and the observed one side by side.
  --only      versions by name: ${versions.map(({ name }) => name).join(', ')}
  --newest    the two newest versions of each SDK, and the newest client of Azure, Bedrock and Vertex
  --fixtures  replay the recorded answers below this directory instead of the project's own
  --node      run on these versions of Node (such as 20,22,24) instead of this one
  --mutants   break the wrapper in ${mutants.length} places, one after the other, and tell what no check notices (of the
              newest version of each SDK, unless --only names others)
  --json      print {passed, failed, exempt: [{check, version, why}], ...}
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    newest: { type: 'boolean' },
    fixtures: { type: 'string' },
    node: { type: 'string' },
    json: { type: 'boolean' },
    mutants: { type: 'boolean' },
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
else {
  install(sdksFolder);
  await (values.mutants ? runMutants() : runAll());
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n${usage}`);
  process.exit(2);
}

function choose(): readonly Version[] {
  if (values.newest) return versions.filter(({ isNewest }) => isNewest);
  if (values.only === undefined)
    return values.mutants ? versions.filter(({ name }) => name === 'openai@7' || name === 'anthropic@1') : versions;
  return values.only.split(',').map((name) => {
    const version = versions.find((each) => each.name === name.trim().replace(/^@anthropic-ai\/sdk@/, 'anthropic@'));
    return version ?? refuse(`--only: there is no ${name}`);
  });
}

async function runOne(version: Version, path: string): Promise<never> {
  const dialect = dialectOf(version);
  const isMutant = process.env['ROUTESCOPE_MUTANT'] !== undefined;
  const checks = checksOf(dialect, fixtures);
  // For a mutant the first failure is enough: those that collect garbage take half of the time, and come last.
  if (isMutant) checks.sort((a, b) => Number(collectsGarbage(a)) - Number(collectsGarbage(b)));
  const report = await runChecks(dialect, checks, isMutant);
  writeFileSync(path, JSON.stringify(report));
  process.exit(0);
}

async function runAll(): Promise<void> {
  const nodes = (values.node?.split(',') ?? ['']).map((each) => each.trim());
  const reports: Report[] = [];
  for (const each of nodes) {
    const node = each === '' ? process.execPath : nodeOf(each);
    for (const version of chosen) {
      const report = await inProcess(version, { fixtures, node });
      reports.push(each === '' ? report : { ...report, version: `${report.version} on Node ${each}` });
      if (!values.json) say(reports.at(-1) as Report);
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

/** @returns exit code: 1 when a mutant was not noticed on any of the versions. */
async function runMutants(): Promise<void> {
  const survivors: string[] = [];
  const left = [...mutants];
  const lane = async (): Promise<void> => {
    for (let mutant = left.shift(); mutant; mutant = left.shift()) {
      const noticed = await firstFailure(mutant);
      if (noticed === undefined) survivors.push(mutant.name);
      if (!values.json)
        process.stdout.write(`${noticed ? 'noticed ' : 'MISSED  '} ${mutant.name}${noticed ? `: ${noticed}` : ''}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, lane));
  const noticed = mutants.length - survivors.length;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ mutants: mutants.length, noticed, missed: survivors })}\n`
      : `${noticed} of ${mutants.length} mutants noticed\n`,
  );
  process.exitCode = survivors.length > 0 ? 1 : 0;
}

/** @throws Error when the mutant could not be made: then nothing was proven. */
async function firstFailure({ name: mutant, file }: Mutant): Promise<string | undefined> {
  // The one whose code is broken first.
  const isAbout = ({ sdk }: Version): boolean => (sdk === 'anthropic') === /messages/.test(file);
  for (const version of [...chosen].sort((a, b) => Number(isAbout(b)) - Number(isAbout(a)))) {
    const [failure] = (await inProcess(version, { fixtures, mutant })).failures;
    if (failure?.problem.includes('finds nothing to break')) throw new Error(failure.problem);
    if (failure) return `${version.name}, ${failure.check}`;
  }
  return undefined;
}

function say({ version, passed, failures, exempt, groups }: Report): void {
  const parts = Object.entries(groups).map(([group, count]) => `${group} ${count}`);
  process.stdout.write(`${version}: ${passed} passed, ${failures.length} failed, ${exempt.length} exempt\n`);
  process.stdout.write(`  ${parts.join(' · ')}\n`);
  for (const { check, problem } of failures)
    process.stdout.write(`  FAIL ${check}\n    ${problem.replaceAll('\n', '\n    ')}\n`);
  for (const { check, why } of exempt) process.stdout.write(`  exempt ${check}: ${why}\n`);
}
