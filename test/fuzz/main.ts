/**
 * `npm run fuzz [-- --runs N --seed N --json]`: sends broken bodies down the walk and the JSON path, and holds what comes
 * out to what protobufjs decodes. Fails on any other error than Malformed, on a difference, on a run that hangs, and when
 * memory grows. Default 1,000,000 runs.
 */
import { parseArgs } from 'node:util';
import { checkJson, checkProtobuf } from './check.ts';
import { mutated, randomOf, requests } from './mutate.ts';
import { requestFromJson } from './parts.ts';

const hangMs = 5_000;
const growthBytes = 24 * 1024 * 1024;

const usage = 'usage: npm run fuzz -- [--runs N] [--seed N] [--json]\n';
function argumentsOf(): { runs: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '1000000' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const [runs, seed] = [Number(values.runs), Number(values.seed)];
    if (Number.isInteger(runs) && runs >= 1 && Number.isInteger(seed)) return { runs, seed, json: values.json };
    throw new Error(`--runs ${values.runs} --seed ${values.seed}: expected whole numbers, and at least one run`);
  } catch (problem) {
    process.stderr.write(`${(problem as Error).message}\n${usage}`);
    process.exit(2);
  }
}
const { runs, seed, json } = argumentsOf();

const texts = requests.map((request) => Buffer.from(JSON.stringify(request)));
const bodies = texts.map((text) => requestFromJson(text.toString()));
const random = randomOf(seed);
const failures: { readonly problem: string; readonly path: 'protobuf' | 'json'; readonly body: string }[] = [];
let accepted = 0;
let slowestMs = 0;
let settledBytes = 0;

const heldBytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

for (const [index, body] of bodies.entries())
  if (!checkProtobuf(body) || !checkJson(texts[index] as Buffer))
    throw new Error(`the whole request ${index} is refused`);

const beganCpu = process.cpuUsage();
for (let run = 0; run < runs && failures.length < 10; run++) {
  // JSON parses slowly and breaks early: every eighth body is enough.
  const path = run % 8 === 0 ? 'json' : 'protobuf';
  const corpus = path === 'json' ? texts : bodies;
  const pick = (): Buffer => corpus[random.below(corpus.length)] as Buffer;
  const body = mutated(pick(), pick(), random);
  const began = performance.now();
  try {
    if (path === 'json' ? checkJson(body) : checkProtobuf(body)) accepted++;
  } catch (problem) {
    failures.push({ problem: String(problem), path, body: body.toString('base64') });
  }
  const tookMs = performance.now() - began;
  if (tookMs > hangMs) failures.push({ problem: `took ${Math.round(tookMs)} ms`, path, body: body.toString('base64') });
  slowestMs = Math.max(slowestMs, tookMs);
  if (run === Math.floor(runs / 5)) settledBytes = heldBytes();
  if (!json && run > 0 && run % 1_000_000 === 0) process.stderr.write(`${run} runs\n`);
}
const grownBytes = heldBytes() - settledBytes;
if (grownBytes > growthBytes)
  failures.push({ problem: `memory grew by ${grownBytes} bytes`, path: 'protobuf', body: '' });
const { user, system } = process.cpuUsage(beganCpu);

const said = {
  runs,
  seed,
  accepted,
  refused: runs - accepted - failures.length,
  failures,
  slowestMs: Math.round(slowestMs),
  grownBytes,
  cpuSeconds: Math.round((user + system) / 1e5) / 10,
};
if (json) process.stdout.write(`${JSON.stringify(said)}\n`);
else {
  process.stdout.write(
    `${runs} broken bodies (seed ${seed}): ${accepted} taken as protobufjs takes them, ${said.refused} refused, ${failures.length} failures; slowest ${said.slowestMs} ms, memory grew by ${Math.round(grownBytes / 1024)} KiB, ${said.cpuSeconds} s of CPU\n`,
  );
  for (const { problem, path, body } of failures) process.stdout.write(`  ${path}: ${problem}\n    ${body}\n`);
}
process.exitCode = failures.length > 0 ? 1 : 0;
