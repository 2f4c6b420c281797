/** Programs of others that the checks run against: found by variable, else by name. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** By the variable that may name each; Debian's packages call some of them otherwise. */
const names = {
  PROMETHEUS: ['prometheus'],
  PROMTOOL: ['promtool'],
  ALERTMANAGER: ['alertmanager', 'prometheus-alertmanager'],
  OTELCOL: ['otelcol', 'otelcol-contrib'],
  JAEGER: ['jaeger', 'jaeger-all-in-one'],
} as const;
export type Program = keyof typeof names;

/** @returns the path or name it can be started by; undefined when there is none. */
export function find(program: Program): string | undefined {
  const named = process.env[program];
  const candidates = named ? [named] : names[program];
  const found = candidates.find((name) => !spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 10_000 }).error);
  if (named && !found) throw new Error(`${program}=${named} cannot be started`);
  return found;
}

export interface Running {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts it and keeps what it says, for the error when it ends before it is stopped. */
export function start(path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child: ChildProcess = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  let isStopped = false;
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4_000);
    });
  child.once('exit', (code) => {
    if (!isStopped) process.stderr.write(`${path} ended with ${code}:\n${said}\n`);
  });
  return {
    pid: child.pid as number,
    async stop() {
      isStopped = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Runs it to its end. @throws Error with what it said, when it fails. */
export function run(path: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd, encoding: 'utf8', timeout: 120_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${path} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

/** Asks until there is an answer. @throws Error with the last thing that stood in the way. */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (problem) {
      last = problem;
    }
    await sleep(200);
  }
  throw new Error(`${what}: not within ${seconds} s${last === undefined ? '' : ` (${String(last)})`}`);
}
