/** A sidecar as a user runs it: the command line tool in a process of its own. For tests, benches and the demo. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// From test/ and from test/dist/ alike the workspace's package is found by its name.
export const cli = fileURLToPath(import.meta.resolve('@routescope/sidecar')).replace(/index\.js$/, 'cli/main.js');

export interface SidecarProcess {
  readonly url: string;
  readonly pid: number;
  /** Process id of its engine (Linux). */
  enginePid(): number;
  /** The most memory it has held so far; 0 when it has ended (Linux). */
  memoryBytes(): number;
  /** Sends the signal and waits for the end; nothing when it has ended already. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  status(): Promise<Record<string, number>>;
  /** Resolves when `stored` spans are in the tables. */
  stored(spans: number): Promise<void>;
}

/** Spans of tests have dates of their own, which must not run out. */
const forever = ['traces', 'calls', 'rollups'].flatMap((rows) => [`--keep-${rows}`, 'forever']);

/** @throws Error with what the process said, when it ends before it listens. */
export async function startSidecarProcess(
  dataDirectory: string,
  more: readonly string[] = [],
  node: { readonly flags?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<SidecarProcess> {
  const command = [...(node.flags ?? []), cli, 'serve', '--data', dataDirectory, '--port', '0', ...forever, ...more];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...node.env },
  });
  const url = await listening(child);
  const status = async (): Promise<Record<string, number>> =>
    (await (await fetch(`${url}/status`)).json()) as Record<string, number>;
  return {
    url,
    pid: child.pid as number,
    enginePid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]),
    memoryBytes() {
      const path = `/proc/${child.pid}/status`;
      const peak = existsSync(path) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
      return Number(peak ?? 0) * 1024;
    },
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      if (child.kill(signal)) await ended;
    },
    status,
    async stored(spans) {
      for (;;) {
        const { stored = 0 } = await status();
        if (stored >= spans) return;
        await new Promise((again) => setTimeout(again, 50));
      }
    },
  };
}

async function listening(child: ChildProcess): Promise<string> {
  const stderr = child.stderr as NodeJS.ReadableStream;
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr })) {
    said.push(line);
    const url = /listening on (\S+)/.exec(line)?.[1];
    if (url) {
      stderr.resume();
      return url;
    }
  }
  throw new Error(`the sidecar ended before it listened:\n${said.join('\n')}`);
}
