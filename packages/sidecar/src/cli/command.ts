/**
 * What a command of `routescope` says of itself, and how its options are read: from the command line, else from the
 * environment, else the default. Each command is a file beside this one; `main.ts` lists them.
 */
import { parseArgs } from 'node:util';

export interface Option {
  readonly type: 'string' | 'boolean';
  /** May be given several times. */
  readonly many?: true;
  /** What stands for its value in the help: `DIR`, `N`, `URL`. */
  readonly value?: string;
  /** One line, without the default. */
  readonly help: string;
  /** The environment variable that is read when the option is not given; of `many`, split at commas. */
  readonly env?: string;
  /** Said in the help as the default, and taken when neither is given. */
  readonly otherwise?: string;
  /** The default as the help says it, where it differs from machine to machine. */
  readonly shownAs?: string;
}

export type Options = Readonly<Record<string, Option>>;

type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { type: 'boolean' }
    ? boolean
    : O[K] extends { many: true }
      ? readonly string[]
      : O[K] extends { otherwise: string }
        ? string
        : string | undefined;
};

/** What a command needs of the process it runs in. */
interface Terminal {
  /** A line on standard output: the answer. */
  print(text: string): void;
  /** A line on standard error with the time before it: what goes on. */
  log(line: string): void;
  readonly color: boolean;
}

export interface Invocation<O extends Options> {
  readonly values: Values<O>;
  /** Names of the options given on the command line. */
  readonly given: ReadonlySet<string>;
  /** What stands on the command line without a dash, after the command's name. */
  readonly positionals: readonly string[];
}

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** What stands behind the options in the first line of its help: `V1 V2`, `FILE`. Left out, it takes none. */
  readonly operands?: string;
  /** Half a sentence for the list of commands. */
  readonly summary: string;
  readonly options: O;
  run(invocation: Invocation<O>, terminal: Terminal): Promise<void>;
}

/** The arguments are wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function command<const O extends Options>(definition: Command<O>): Command {
  return definition as unknown as Command;
}

/** @throws UsageError that says which argument is wrong. */
export function invocationOf(
  { name, options, operands }: Command,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation<Options> & { readonly help: boolean } {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: withValuesJoined(args),
      allowPositionals: true,
      options: {
        ...Object.fromEntries(
          Object.entries(options).map(([key, { type, many }]) => [key, { type, multiple: many === true }]),
        ),
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (problem) {
    const { code, message } = problem as NodeJS.ErrnoException;
    const [, unknown] = /Unknown option '([^']+)'/.exec(message) ?? [];
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && unknown !== undefined)
      throw new UsageError(`${unknown} is no option of ${name}`);
    throw new UsageError(message);
  }
  const { values: given, positionals } = parsed;
  if (operands === undefined && positionals.length > 0)
    throw new UsageError(`${JSON.stringify(positionals[0])}: ${name} takes options only`);
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(options)) {
    const fromEnv = option.env === undefined ? undefined : env[option.env] || undefined;
    if (option.type === 'boolean')
      values[key] = given[key] ?? (fromEnv !== undefined && !/^(0|false|no)$/i.test(fromEnv));
    else if (option.many) values[key] = given[key] ?? fromEnv?.split(',').map((each) => each.trim()) ?? [];
    else values[key] = given[key] ?? fromEnv ?? option.otherwise;
  }
  const named = new Set(Object.keys(given));
  return { values: values as Values<Options>, given: named, positionals, help: named.delete('help') };
}

/** `--from -24h` as people write it; `parseArgs` takes a value that begins with a dash only behind an equals sign. */
function withValuesJoined(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    if (/^-\d/.test(arg) && before?.startsWith('--') && !before.includes('='))
      joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** The page `routescope NAME --help` prints. */
export function helpOf({ name, summary, operands, options }: Command): string {
  const rows = Object.entries({ ...options, help: { type: 'boolean', help: 'this page' } satisfies Option }).map(
    ([key, option]: [string, Option]) => {
      const otherwise = option.shownAs ?? option.otherwise;
      const notes = [option.env, otherwise === undefined ? undefined : `default ${otherwise}`];
      const note = notes.filter((each) => each !== undefined).join('; ');
      return [
        `--${key}${option.value ? ` ${option.value}` : ''}${option.many ? ' …' : ''}`,
        `${option.help}${note ? ` (${note})` : ''}`,
      ] as const;
    },
  );
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return [
    `routescope ${name}${operands ? ` ${operands}` : ''}: ${summary}`,
    '',
    ...rows.map(([flag, text]) => `  ${flag.padEnd(width)}  ${text}`),
  ].join('\n');
}

/** @throws UsageError that says what was expected. */
export function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} ${text}: expected a whole number from ${least} to ${most}`);
}
