/**
 * Keeps the engine child alive and hands out clients that talk to it. While it is away every query fails with a
 * connection error, which callers treat as retryable; receiving goes on.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { identityOf, isRunning } from '../process.ts';
import { type Engine, type EngineToStart, Misconfigured, opened } from './engine.ts';

const socketPrefix = 'routescope-engine-';
const socketName = 'engine.sock';
const childPath = fileURLToPath(new URL('../../dist/engine/child.js', import.meta.url));

/**
 * Starts the engine on `directory` and resolves once it answers.
 * @throws Error that says why, when it cannot be started: chdb not installed, directory in use, disk trouble.
 */
export function openEngine(...given: Parameters<typeof engineIn>): Promise<Engine> {
  return opened(engineIn(...given));
}

export interface EngineOptions {
  readonly log?: (line: string) => void;
  /** How long to wait for a directory in use: a killed sidecar's engine needs a moment to let it go. @default 10,000 */
  readonly lockPatienceMs?: number | undefined;
  /** An engine that does not answer a ping for so long is killed and started again. @default 30,000 */
  readonly hangMs?: number | undefined;
  /** A statement that has no answer for so long is given up. @default 120,000 */
  readonly answerMs?: number | undefined;
  /** A start that takes longer hangs and is ended; the next one has twice as long, lest a large store never be read. @default 180,000 */
  readonly startMs?: number | undefined;
}

/** For a command that somebody runs and waits for: a large table takes its time. */
export const unhurriedMs = 86_400_000;

/** @throws Error when `directory` cannot be made. */
export function engineIn(directory: string, options: EngineOptions = {}): EngineToStart {
  const { log = () => {}, lockPatienceMs = 10_000, hangMs = 30_000, answerMs = 120_000, startMs = 180_000 } = options;
  const dataDirectory = resolve(directory);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const socketDirectory = mkdtempSync(join(tmpdir(), socketPrefix));
  const socketPath = join(socketDirectory, socketName);
  let child: ChildProcess | undefined;
  /** From its first start on it is started again by itself. */
  let isSupervised = false;
  const stopped = new AbortController();
  let restarts = 0;
  let closing = false;
  let patienceMs = startMs;

  const begin = (): Promise<ChildProcess> =>
    startChild(dataDirectory, socketPath, { stopped: stopped.signal, patienceMs }).catch((problem) => {
      if (problem instanceof NotReady) patienceMs *= 2;
      throw problem;
    });

  async function start(): Promise<void> {
    if (isSupervised) return;
    const impatientAt = performance.now() + lockPatienceMs;
    for (;;) {
      try {
        const started = await begin();
        if (closing) return void started.kill('SIGKILL');
        isSupervised = true;
        return adopt(started);
      } catch (problem) {
        if (!isLocked(problem) || performance.now() > impatientAt || closing) throw problem;
        if (endOrphan(dataDirectory)) log('the engine of a sidecar that is gone hung in the directory; it was killed');
        await sleep(100);
      }
    }
  }

  function adopt(started: ChildProcess): void {
    child = started;
    started.once('exit', (code, signal) => {
      child = undefined;
      if (closing) return;
      log(`the engine ended (${signal ?? `exit code ${code}`}); starting it again`);
      void revive();
    });
    try {
      tellOthers(dataDirectory, socketPath, started.pid as number);
    } catch (problem) {
      log(`other commands will not find the engine that runs: ${(problem as Error).message}`); // a full disk: it runs all the same
    }
  }

  let isAsking = false;
  const heartbeat = setInterval(async () => {
    const asked = child;
    if (!asked || isAsking) return;
    isAsking = true;
    const answer = await answerWithin(socketPath, hangMs);
    isAsking = false;
    if (answer !== 'none' || asked !== child || closing) return;
    log(`the engine has not answered for ${hangMs} ms; it is killed and started again`);
    asked.kill('SIGKILL');
  }, hangMs / 3);
  heartbeat.unref();

  async function revive(): Promise<void> {
    let said = '';
    for (let delayMs = 100; !closing; delayMs = Math.min(delayMs * 2, 5_000)) {
      try {
        const started = await begin();
        if (closing) {
          started.kill('SIGKILL');
          return;
        }
        restarts++;
        return adopt(started);
      } catch (problem) {
        if (closing) return;
        const why = (problem as Error).message;
        if (why !== said) log(`the engine does not start, and is tried again: ${why}`);
        said = why;
        await sleep(delayMs, undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
  }

  const client = clientsOf(socketPath, answerMs);
  const writer = client('writer');
  const reader = client('reader');

  const engine: Engine = {
    kind: 'child',
    writer,
    reader,
    door: { options: { protocol: 'http:', socketPath, auth: 'reader:' }, settings: {} },
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    async close() {
      closing = true;
      stopped.abort();
      clearInterval(heartbeat);
      await Promise.all([writer.close(), reader.close()]);
      const last = child;
      if (last) {
        const ended = new Promise((done) => last.once('exit', done));
        if (last.connected) last.send('end');
        // It waits for its queries, one of which may take long; what was inserted is on disk.
        const impatient = setTimeout(() => last.kill('SIGKILL'), closePatienceMs);
        await ended;
        clearTimeout(impatient);
      }
      rmSync(socketDirectory, { recursive: true, force: true });
    },
  };
  return { engine, start };
}

const closePatienceMs = 5_000;

/** Which process is the engine, and whose: one that hangs does not notice that its sidecar is gone, and holds on. */
const ownersFile = (dataDirectory: string): string => join(dataDirectory, 'owners');

/** Kills the engine of a sidecar that is gone. @returns whether there was one. */
function endOrphan(dataDirectory: string): boolean {
  const path = ownersFile(dataDirectory);
  const [engine = '', sidecar = ''] = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  if (!isRunning(engine) || isRunning(sidecar)) return false;
  process.kill(Number(engine.split(' ', 1)[0]), 'SIGKILL');
  return true;
}

/** Where a running engine says which socket it listens on: for commands of the same user on the same machine. */
const doorFile = (dataDirectory: string): string => join(dataDirectory, 'socket');

/** Writes both files; and removes the socket of a sidecar that was killed, which could not do so itself. */
function tellOthers(dataDirectory: string, socketPath: string, pid: number): void {
  const path = doorFile(dataDirectory);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const isOurs = basename(before) === socketName && basename(dirname(before)).startsWith(socketPrefix);
  if (isOurs && before !== socketPath) rmSync(dirname(before), { recursive: true, force: true });
  writeFileSync(path, socketPath, { mode: 0o600 });
  writeFileSync(ownersFile(dataDirectory), [pid, process.pid].map(identityOf).join('\n'));
}

function clientsOf(socketPath: string, request_timeout: number): (username: string) => ClickHouseClient {
  const agent = new Agent({ socketPath, keepAlive: false } as ConstructorParameters<typeof Agent>[0]);
  return (username) =>
    createClient({
      url: 'http://engine',
      username,
      password: '',
      http_agent: agent,
      set_basic_auth_header: true,
      request_timeout,
      max_open_connections: 16,
      log: { level: ClickHouseLogLevel.OFF }, // every error reaches its caller, who says it once
    });
}

/** The engine that a running sidecar has on `directory`, else one started for the occasion. */
export async function reachEngine(directory: string, log: (line: string) => void): Promise<Engine> {
  const path = doorFile(resolve(directory));
  const socketPath = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (socketPath === undefined || (await answerWithin(socketPath, 5_000)) !== 'some')
    return openEngine(directory, { log, answerMs: unhurriedMs });
  const client = clientsOf(socketPath, unhurriedMs);
  const [writer, reader] = [client('writer'), client('reader')];
  return {
    kind: 'child',
    writer,
    reader,
    door: { options: { protocol: 'http:', socketPath, auth: 'reader:' }, settings: {} },
    pid: undefined,
    restarts: 0,
    close: async () => void (await Promise.all([writer.close(), reader.close()])),
  };
}

/** It was ended because it took too long to start. */
class NotReady extends Error {}

function preferForKilling(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '500');
  } catch {
    // not Linux, or not allowed: the kernel decides by size alone
  }
}

/** What a ping gets in time; `refused` where nobody listens. */
function answerWithin(socketPath: string, ms: number): Promise<'some' | 'none' | 'refused'> {
  return new Promise((done) => {
    const asking = get({ socketPath, path: '/ping', timeout: ms }, (response) => {
      response.resume();
      done('some');
    });
    asking.once('timeout', () => {
      done('none');
      asking.destroy();
    });
    asking.once('error', () => done('refused'));
  });
}

/** @param stopped ends a start that is under way. @throws NotReady after `patienceMs`. */
function startChild(
  dataDirectory: string,
  socketPath: string,
  { stopped, patienceMs }: { readonly stopped: AbortSignal; readonly patienceMs: number },
): Promise<ChildProcess> {
  return new Promise((ready, failed) => {
    const child = fork(childPath, [dataDirectory, socketPath], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      cwd: dataDirectory, // where the engine keeps its cache of format schemas
    });
    // Short of memory, the kernel is to take the engine, which comes back, before the process that acknowledges.
    if (child.pid !== undefined) preferForKilling(child.pid);
    const end = (): void => void child.kill('SIGKILL');
    stopped.addEventListener('abort', end);
    const slow = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, patienceMs);
    let isLate = false;
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4_000);
    });
    const settled = (): void => {
      clearTimeout(slow);
      stopped.removeEventListener('abort', end);
      child.off('exit', early);
    };
    const early = (code: number | null, signal: string | null): void => {
      settled();
      if (isLate) said = `not ready after ${patienceMs / 1_000} s; serve starts it again and waits twice as long`;
      const why = `the engine ended before it was ready (${signal ?? `exit code ${code}`}): ${said.trim().slice(-500)}`;
      failed(isLate ? new NotReady(why) : (explain(said, dataDirectory) ?? new Error(why)));
    };
    child.once('exit', early);
    // Too many processes or open files, no memory: there is none that could exit. Nobody listening, it would end us.
    child.on('error', (problem) => {
      settled();
      failed(new Error(`no process can be started for the engine in ${dataDirectory}: ${problem.message}`));
    });
    child.once('message', () => {
      settled();
      ready(child);
    });
  });
}

const inUse = 'is in use by another process';
const isLocked = (problem: unknown): boolean => problem instanceof Error && problem.message.includes(inUse);

/** What only a person can put right; undefined when another start may do better. */
function explain(said: string, dataDirectory: string): Misconfigured | undefined {
  if (/ERR_MODULE_NOT_FOUND.*chdb|Cannot find package 'chdb'/s.test(said)) {
    return new Misconfigured(
      "the embedded engine needs the optional package chdb, which is not installed (it has no build for Windows or musl): run 'npm install chdb', or name a server with --clickhouse",
    );
  }
  if (
    /Cannot lock file|\b76\b.*CANNOT_OPEN_FILE|Another server instance/s.test(said) ||
    /Failed to create connection/.test(said)
  ) {
    return new Misconfigured(
      `the data directory ${dataDirectory} ${inUse}: stop the other sidecar, or give this one a directory of its own with --data`,
    );
  }
  return undefined;
}
