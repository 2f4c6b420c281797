/** `npm run bench -- PART [--json] [--quick] [--seed N]`: measures one part and prints its figures. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // quick: of the parts that take long; seed: of those that simulate.
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, seed: { type: 'string' } },
});
const quick = values.quick ?? false;
const seed = Number(values.seed ?? 1);

const parts: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  sdk: async () => (await import('./sdk.ts')).sdk(),
  router: async () => (await import('./router.ts')).router(),
  receive: async () => (await import('./receive.ts')).receive(),
  store: async () => (await import('./store.ts')).store(),
  freshness: async () => (await import('./steady.ts')).freshness({ quick }),
  memory: async () => (await import('./steady.ts')).memory({ quick }),
  acknowledge: async () => (await import('./steady.ts')).acknowledge(),
  grafana: async () => (await import('./grafana.ts')).grafana({ quick, seed }),
  drift: async () => (await import('./drift.ts')).drift({ quick, seed }),
};

const part = positionals[0] ?? '';
const measure = parts[part];
if (!measure || positionals.length !== 1 || !Number.isInteger(seed)) {
  process.stderr.write(
    `usage: npm run bench -- PART [--json] [--quick] [--seed N], PART one of ${Object.keys(parts).join(', ')}\n`,
  );
  process.exit(2);
}

const figures = await measure();
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
};
if (values.json) process.stdout.write(`${JSON.stringify({ part, machine, figures })}\n`);
else {
  process.stdout.write(`${part} on ${machine.cores} × ${machine.cpu}, Node ${machine.node}\n`);
  for (const { name, unit, value, min, max, goal, met } of figures) {
    process.stdout.write(
      `  ${name.padEnd(34)} ${String(value).padStart(10)} ${unit.padEnd(4)} (${min} to ${max})  ${met ? 'met' : 'NOT MET'}: ${goal}\n`,
    );
  }
}
// The engine and test clients may leave handles behind; the figures are out.
process.exit(0);
