/** The types an app's compiler sees: observing a client changes none of them, on any version. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clouds } from './clouds.ts';
import type { Exemption, Failure, Report } from './run.ts';
import { sdksFolder, type Version } from './versions.ts';

const head = `
import { observe } from '@routescope/sdk';
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(proof: Equal<A, B>): void;
`;

/** Versions whose declarations refer to others by paths that ESM does not have: what they inherit is any. */
const untyped = new Set(['bedrock@0.11', 'vertex@0.4']);

/** Name of the check → one line that compiles when it holds. */
const lines: Readonly<Record<Version['sdk'], Readonly<Record<string, string>>>> = {
  openai: {
    'the observed client is of the same type': 'same<typeof observed, Client>(true);',
    'it can be put where the bare one goes': 'const put: Client = observed; void put;',
    'create() has the same type':
      "same<typeof observed.chat.completions.create, Client['chat']['completions']['create']>(true);",
    'a whole answer has its type':
      "const a: Promise<{ choices: { message: { content: string | null } }[] }> = observed.chat.completions.create({ model: 'm', messages: [] }); void a;",
    'a stream has its type':
      "const s: Promise<AsyncIterable<{ choices: { delta: object }[] }>> = observed.chat.completions.create({ model: 'm', messages: [], stream: true }); void s;",
    'withResponse() is there':
      "const r: Promise<{ response: { status: number } }> = observed.chat.completions.create({ model: 'm', messages: [] }).withResponse(); void r;",
    'a wrong argument is refused':
      '// @ts-expect-error there is no such option\nvoid observed.chat.completions.create({ model: 5, messages: [] });',
    'embeddings have their type':
      "const e: Promise<{ data: { embedding: number[] }[] }> = observed.embeddings.create({ model: 'm', input: 'x' }); void e;",
    'options are checked': '// @ts-expect-error there is no such option\nobserve(bare, { nonsense: true });',
    'a subclass stays one': 'class Own extends OpenAI { team = 1; }\nsame<ReturnType<typeof observe<Own>>, Own>(true);',
  },
  anthropic: {
    'the observed client is of the same type': 'same<typeof observed, Client>(true);',
    'it can be put where the bare one goes': 'const put: Client = observed; void put;',
    'create() has the same type': "same<typeof observed.messages.create, Client['messages']['create']>(true);",
    'a whole answer has its type':
      "const a: Promise<{ stop_reason: string | null; usage: { output_tokens: number } }> = observed.messages.create({ model: 'm', max_tokens: 1, messages: [] }); void a;",
    'a stream has its type':
      "const s: Promise<AsyncIterable<{ type: string }>> = observed.messages.create({ model: 'm', max_tokens: 1, messages: [], stream: true }); void s;",
    'withResponse() is there':
      "const r: Promise<{ response: { status: number } }> = observed.messages.create({ model: 'm', max_tokens: 1, messages: [] }).withResponse(); void r;",
    'a wrong argument is refused':
      "// @ts-expect-error it is a number\nvoid observed.messages.create({ model: 'm', max_tokens: 'many', messages: [] });",
    'the helper’s stream has its type':
      "const f: Promise<{ id: string }> = observed.messages.stream({ model: 'm', max_tokens: 1, messages: [] }).finalMessage(); void f;",
    'options are checked': '// @ts-expect-error there is no such option\nobserve(bare, { nonsense: true });',
    'a subclass stays one':
      'class Own extends Anthropic { team = 1; }\nsame<ReturnType<typeof observe<Own>>, Own>(true);',
  },
};

/** Compiles one file per version, all in one go. */
export function checkTypes(versions: readonly Version[]): Report {
  const folder = join(sdksFolder, `.types-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const starts = new Map<string, { check: string; version: string; from: number; to: number }[]>();
  let passed = 0;
  const failures: Failure[] = [];
  const exempt: Exemption[] = [];
  const groups: Record<string, number> = { types: 0 };
  for (const { name, sdk, alias, cloud } of versions) {
    const Class = sdk === 'openai' ? 'OpenAI' : 'Anthropic';
    const imported = cloud ? `{ ${clouds[cloud].name} as ${Class} }` : Class;
    let text = `import ${imported} from '${alias}';${head}type Client = ${Class};\ndeclare const bare: Client;\nconst observed = observe(bare);\n`;
    const places: { check: string; version: string; from: number; to: number }[] = [];
    for (const [check, line] of Object.entries(lines[sdk])) {
      if (line.includes('observed.messages') && untyped.has(name)) {
        exempt.push({
          check: `types: ${check}`,
          version: name,
          why: 'its own types are any to a compiler that reads ESM',
        });
        continue;
      }
      const from = text.split('\n').length;
      text += `${line}\n`;
      places.push({ check: `types: ${check}`, version: name, from, to: text.split('\n').length - 1 });
    }
    writeFileSync(join(folder, `${name}.ts`), text);
    starts.set(`${name}.ts`, places);
    groups['types'] = (groups['types'] ?? 0) + places.length;
  }
  const own = dirname(fileURLToPath(import.meta.resolve('@routescope/sdk')));
  const config = {
    compilerOptions: {
      target: 'ES2023',
      module: 'NodeNext',
      lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.AsyncIterable'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(dirname(dirname(createRequire(import.meta.url).resolve('@types/node/package.json'))))],
      paths: { '@routescope/sdk': [join(own, 'index.d.ts')] },
    },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const errors = [...stdout.matchAll(/([\w.@-]+\.ts)\((\d+),\d+\): (error .*)/g)];
  for (const places of starts.values()) passed += places.length;
  for (const [, file = '', line, problem = ''] of errors) {
    const place = starts.get(file)?.find(({ from, to }) => Number(line) >= from && Number(line) <= to);
    if (place) passed--;
    failures.push({ check: place?.check ?? `types: ${file}:${line}`, version: place?.version ?? 'types', problem });
  }
  if (status !== 0 && errors.length === 0)
    failures.push({ check: 'types: the compiler', version: 'types', problem: `it ended with ${status}: ${stdout}` });
  rmSync(folder, { recursive: true, force: true });
  return { version: 'types', passed, failures, exempt, groups };
}
