#!/usr/bin/env node
/** `routescope`: reads the arguments and the environment (nobody else does), and hands over to the command. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withStore } from './ask.ts';
import { report } from './report.ts';
import { serve } from './serve.ts';

const help = `routescope: what each routed LLM call cost, whether it held up, and when that gets worse.

  routescope serve  [--data DIR] [--port N] [--linger-ms N]   take OTLP, keep it, answer questions
  routescope report [--url URL | --data DIR] [--from T] [--to T] [--json]
                                                             cost, fallbacks, scores, overrides, latency
  routescope status [--url URL] [--json]                      what was received, stored, refused

  --data DIR      where everything is kept (ROUTESCOPE_DATA; default ~/.routescope)
  --port N        port on 127.0.0.1 (ROUTESCOPE_PORT; default 4318; 0 = a free one)
  --linger-ms N   how long spans gather before they are loaded (default 1000)
  --url URL       the sidecar to ask (ROUTESCOPE_URL; default http://127.0.0.1:4318); with none
                  running, report opens --data itself
  --from, --to    ISO times or -7d, -24h, -90m (default: the last 7 days)
  --json          one JSON object on standard output
  --help          this page

Exit codes: 0 done, 1 failed, 2 the arguments are wrong.
`;

class UsageError extends Error {}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

async function main(): Promise<void> {
  const { values, positionals } = read();
  const command = positionals[0];
  if (values.help || command === 'help') return print(help.trimEnd());
  if (command === undefined) throw new UsageError('say what to do: serve, report or status');
  if (positionals.length > 1) throw new UsageError(`${JSON.stringify(positionals[1])}: a command takes options only`);
  const dataDirectory = values.data ?? process.env['ROUTESCOPE_DATA'] ?? join(homedir(), '.routescope');
  const url = values.url ?? process.env['ROUTESCOPE_URL'] ?? 'http://127.0.0.1:4318';

  switch (command) {
    case 'serve':
      return serve({
        dataDirectory,
        port: whole('--port', values.port ?? process.env['ROUTESCOPE_PORT'], 4318, 0, 65_535),
        lingerMs: whole('--linger-ms', values['linger-ms'], 1_000, 10, 3_600_000),
        log,
      });
    case 'report':
      return withStore(
        { url, dataDirectory, explicitUrl: values.url !== undefined, explicitData: values.data !== undefined, log },
        (ask) =>
          report(
            ask,
            {
              from: values.from,
              to: values.to,
              json: values.json ?? false,
              color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
            },
            print,
          ),
      );
    case 'status': {
      const answer = await fetch(new URL('/status', url)).catch(() => {
        throw new Error(`no sidecar answers at ${url}: start one with 'routescope serve', or name another with --url`);
      });
      const counts = (await answer.json()) as Record<string, unknown>;
      return print(
        values.json
          ? JSON.stringify(counts)
          : Object.entries(counts)
              .map(([name, count]) => `${name.padEnd(18)} ${typeof count === 'object' ? JSON.stringify(count) : count}`)
              .join('\n'),
      );
    }
    default:
      throw new UsageError(`${JSON.stringify(command)} is no command: serve, report or status`);
  }
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        'linger-ms': { type: 'string' },
        url: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (problem) {
    throw new UsageError(problem instanceof Error ? problem.message : String(problem));
  }
}

function whole(name: string, given: string | undefined, otherwise: number, least: number, most: number): number {
  if (given === undefined || given === '') return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${name} ${given}: expected a whole number from ${least} to ${most}`);
}

main().catch((problem: unknown) => {
  process.stderr.write(`routescope: ${problem instanceof Error ? problem.message : String(problem)}\n`);
  if (problem instanceof UsageError) process.stderr.write("See 'routescope --help'.\n");
  process.exitCode = problem instanceof UsageError ? 2 : 1;
});
