/** One version, or one mutant of the wrapper on one version, in a process for itself: a crash touches no other. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from './run.ts';
import { sdksFolder, type Version } from './versions.ts';

export interface How {
  readonly fixtures: string;
  /** The binary; this process's own when absent. */
  readonly node?: string;
  /** Name of the mutant to run; the run ends at the first check that fails. */
  readonly mutant?: string;
}

let started = 0;

export async function inProcess(version: Version, { fixtures, node = process.execPath, mutant }: How): Promise<Report> {
  const path = join(sdksFolder, `.report-${process.pid}-${++started}.json`);
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const args = [here('./main.js'), '--only', version.name, '--fixtures', fixtures, '--report', path];
  const child = spawn(node, mutant ? ['--import', here('./mutate.js'), ...args] : args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: mutant ? { ...process.env, ROUTESCOPE_MUTANT: mutant } : process.env,
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => output.push(piece));
  child.stderr.on('data', (piece: Buffer) => output.push(piece));
  const code = await new Promise((ended) => child.on('close', ended));
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    const problem = `the process ended with ${code}: ${Buffer.concat(output).toString().slice(-4_000)}`;
    const failure = { check: 'the process', version: version.name, problem };
    return { version: version.name, passed: 0, failures: [failure], exempt: [], groups: {} };
  } finally {
    rmSync(path, { force: true });
  }
}
