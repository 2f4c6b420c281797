/** `npm run test:faults [-- --rounds N] [--seed N] [--without GUARD] [--json]` */
import { parseArgs } from 'node:util';
import { harness } from './harness.ts';
import { guards } from './inject.ts';

const help = `npm run test:faults [-- --rounds N] [--seed N] [--without GUARD] [--json]

Kills, starves and confuses a sidecar N times (default 60) while spans are sent to it; then counts. Exit 1 when an
acknowledged span is lost, doubled or never forwarded, a refusal was not counted, a fault never came, or memory went over
its bound; 2 when the arguments are wrong. Needs Linux.

  --without GUARD   take a guard out (${guards.join(', ')}): the harness is to find it
`;
const memoryBound = 400 * 1024 * 1024;

function refuse(says: string): never {
  process.stderr.write(`${says}\n\n${help}`);
  process.exit(2);
}
function argumentsOf() {
  try {
    return parseArgs({
      options: {
        rounds: { type: 'string', default: '60' },
        seed: { type: 'string', default: '1' },
        without: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (problem) {
    return refuse((problem as Error).message);
  }
}
const values = argumentsOf();
const whole = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
  return refuse(`--${name} ${text}: expected a whole number from ${least}`);
};
const without = guards.find((guard) => guard === values.without);
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
if (values.without !== undefined && !without)
  refuse(`--without ${values.without}: expected one of ${guards.join(', ')}`);

const outcome = await harness({
  rounds: whole('rounds', values.rounds, 1),
  seed: whole('seed', values.seed, 0),
  without,
  progress: (line) => void process.stderr.write(`${line}\n`),
});
if (values.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
else
  for (const [name, value] of Object.entries(outcome))
    process.stdout.write(`${name.padEnd(18)} ${JSON.stringify(value)}\n`);
const { lost, doubled, forward_lost, refused_uncounted, memory_bytes, problems } = outcome;
const isGood = lost + doubled + forward_lost + refused_uncounted + problems.length === 0 && memory_bytes < memoryBound;
process.exit(isGood ? 0 : 1);
