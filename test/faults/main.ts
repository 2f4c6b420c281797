/** `npm run test:faults [-- --rounds N] [--seed N] [--without GUARD] [--json]` */
import { parseArgs } from 'node:util';
import { harness } from './harness.ts';
import { guards } from './inject.ts';

const help = `npm run test:faults [-- --rounds N] [--seed N] [--without GUARD] [--json]

Kills, starves and confuses a sidecar N times (default 60) while spans are sent to it; then counts. Exit 1 when an
acknowledged span is lost or doubled, a refusal was not counted, or memory went over its bound. Needs Linux.

  --without GUARD   take a guard out (${guards.join(', ')}): the harness is to find it
`;
const memoryBound = 400 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    without: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} ${text}: expected a whole number\n`);
  process.exit(2);
};
const without = guards.find((guard) => guard === values.without);
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
if (values.without !== undefined && !without) {
  process.stderr.write(`--without ${values.without}: expected one of ${guards.join(', ')}\n`);
  process.exit(2);
}

const outcome = await harness({
  rounds: whole('rounds', values.rounds),
  seed: whole('seed', values.seed),
  without,
  progress: (line) => void process.stderr.write(`${line}\n`),
});
if (values.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
else
  for (const [name, value] of Object.entries(outcome))
    process.stdout.write(`${name.padEnd(18)} ${JSON.stringify(value)}\n`);
const { lost, doubled, refused_uncounted, memory_bytes, problems } = outcome;
const isGood = lost + doubled + refused_uncounted + problems.length === 0 && memory_bytes < memoryBound;
process.exit(isGood ? 0 : 1);
