#!/usr/bin/env node
/** `routescope`: finds the command, reads its arguments and the environment (nobody else does), and runs it. */
import { helpOf, invocationOf, UsageError } from './command.ts';
import { commands } from './commands.ts';

const help = `routescope: what each routed LLM call cost, whether it held up, and when that gets worse.

${commands.map(({ name, summary }) => `  routescope ${name.padEnd(12)} ${summary}`).join('\n')}

Each command says its options with --help.
Exit codes: 0 done, 1 failed, 2 the arguments are wrong.`;

const terminal = {
  print: (text: string): void => void process.stdout.write(`${text}\n`),
  log: (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`),
  color: process.stdout.isTTY === true && !process.env['NO_COLOR'],
};

// Whoever reads what we say may stop (`… | head`): that is no failure, and `serve` goes on without them.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (problem: NodeJS.ErrnoException) => {
    if (problem.code !== 'EPIPE') throw problem;
  });

const [name, ...args] = process.argv.slice(2);
const command = commands.find((candidate) => candidate.name === name);

async function main(): Promise<void> {
  // Arguments may hold a password or a token, and every user of the machine can list the arguments of a process.
  process.title = `routescope ${name ?? ''}`;
  if (name === 'help' || name === '--help' || name === '-h') return terminal.print(help);
  if (!command) {
    const known = commands.map((candidate) => candidate.name).join(', ');
    throw new UsageError(
      name === undefined ? `say what to do: ${known}` : `${JSON.stringify(name)} is no command: ${known}`,
    );
  }
  const invocation = invocationOf(command, args, process.env);
  if (invocation.help) return terminal.print(helpOf(command));
  await command.run(invocation, terminal);
}

main().catch((problem: unknown) => {
  process.stderr.write(`routescope: ${problem instanceof Error ? problem.message : String(problem)}\n`);
  if (problem instanceof UsageError)
    process.stderr.write(`See 'routescope ${command ? `${command.name} ` : ''}--help'.\n`);
  process.exitCode = problem instanceof UsageError ? 2 : 1;
});
