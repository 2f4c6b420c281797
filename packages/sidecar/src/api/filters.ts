/**
 * Grafana's ad-hoc filters. Its ClickHouse plugin puts them behind the statement,
 *
 *     SELECT … settings additional_table_filters={'routescope.calls_1m' : ' tag = \'rewrite-query\' '}
 *
 * or sends the same as a parameter of the request. The engine would run whatever stands in there, so nothing of the text
 * is passed on: it is read by a small grammar (column, operator, values; AND, OR) and written anew.
 */
import { type Token, tokenize } from './guard.ts';

const name = 'additional_table_filters';

/** A statement, and the filters that stood behind it, as the plugin wrote them. */
export interface Lifted {
  readonly sql: string;
  readonly filters: string | undefined;
}

/** Takes the clause off the end of a statement. Any other SETTINGS stays where it is, for the guard to refuse. */
export function liftFilters(sql: string): Lifted {
  const tokens = tokenize(sql);
  if (typeof tokens === 'string') return { sql, filters: undefined };
  const index = tokens.findIndex(({ kind, text }) => kind === 'word' && text.toLowerCase() === 'settings');
  const [settings, setting, equals, ...map] = index < 0 ? [] : tokens.slice(index);
  const isOurs = setting?.text === name && equals?.text === '=' && map[0]?.text === '{' && map.at(-1)?.text === '}';
  if (settings === undefined || !isOurs) return { sql, filters: undefined };
  return { sql: sql.slice(0, settings.at).trimEnd(), filters: sql.slice((map[0] as Token).at) };
}

/**
 * The value of the setting, written anew from what was understood.
 * @throws Error with a sentence about what is not.
 */
export function safeFilters(text: string): string {
  const reader = new Reader(text);
  const entries: string[] = [];
  reader.expect('{');
  while (!reader.takes('}')) {
    const table = reader.string();
    if (!/^(routescope\.)?\w+$/.test(table)) throw new Error(`filters are about tables of routescope, not ${table}`);
    reader.expect(':');
    entries.push(
      `${quoted(table.includes('.') ? table : `routescope.${table}`)}: ${quoted(condition(reader.string()))}`,
    );
    if (!reader.takes(',') && !reader.isAt('}')) throw new Error('filters: expected a comma or the end');
  }
  reader.end();
  return `{${entries.join(', ')}}`;
}

const comparisons = new Set(['=', '!=', '<>', '<', '>', '<=', '>=']);
const matches = new Set(['LIKE', 'ILIKE', 'REGEXP']);

function condition(text: string): string {
  const reader = new Reader(text);
  let written = comparison(reader);
  while (!reader.isOver) {
    const joint = reader.word();
    if (joint !== 'AND' && joint !== 'OR') throw new Error(`filters: expected AND or OR, not ${joint}`);
    written += ` ${joint} ${comparison(reader)}`;
  }
  return written;
}

function comparison(reader: Reader): string {
  let column = `\`${reader.column()}\``;
  if (reader.takes('[')) {
    column += `[${quoted(reader.string())}]`;
    reader.expect(']');
  }
  const symbol = reader.symbols();
  if (symbol !== '') {
    if (!comparisons.has(symbol)) throw new Error(`filters: ${symbol} is no comparison`);
    return `${column} ${symbol} ${reader.value()}`;
  }
  let operator = reader.word();
  const not = operator === 'NOT' ? 'NOT ' : '';
  if (not) operator = reader.word();
  if (matches.has(operator)) return `${column} ${not}${operator} ${reader.value()}`;
  if (operator !== 'IN') throw new Error(`filters: ${not}${operator} is no comparison`);
  reader.expect('(');
  const values = [reader.value()];
  while (reader.takes(',')) values.push(reader.value());
  reader.expect(')');
  return `${column} ${not}IN (${values.join(', ')})`;
}

/** Walks over the tokens of a text that must be understood to its end. */
class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    const tokens = tokenize(text);
    if (typeof tokens === 'string') throw new Error(`filters: ${tokens}`);
    this.#tokens = tokens;
  }

  get isOver(): boolean {
    return this.#next >= this.#tokens.length;
  }

  isAt(symbol: string): boolean {
    const token = this.#tokens[this.#next];
    return token?.kind === 'symbol' && token.text === symbol;
  }

  takes(symbol: string): boolean {
    if (!this.isAt(symbol)) return false;
    this.#next++;
    return true;
  }

  expect(symbol: string): void {
    if (!this.takes(symbol)) throw new Error(`filters: expected ${symbol}, not ${this.#shown()}`);
  }

  end(): void {
    if (!this.isOver) throw new Error(`filters: ${this.#shown()} stands behind them`);
  }

  /** What the quotes hold. */
  string(): string {
    return unquoted(this.#take('string'));
  }

  /** In capitals. */
  word(): string {
    return this.#take('word').toUpperCase();
  }

  column(): string {
    const { kind, text } = this.#tokens[this.#next] ?? { kind: 'symbol', text: '' };
    if ((kind !== 'word' && kind !== 'quoted') || !/^\w+$/.test(text))
      throw new Error(`filters: expected a column, not ${this.#shown()}`);
    this.#next++;
    return text;
  }

  /** As it goes into the statement: a string, a number or NULL. */
  value(): string {
    const { kind, text } = this.#tokens[this.#next] ?? { kind: 'symbol', text: '' };
    if (kind === 'string') return quoted(this.string());
    const isPlain = (kind === 'number' && /^\d+(\.\d+)?$/.test(text)) || (kind === 'word' && /^null$/i.test(text));
    if (!isPlain) throw new Error(`filters: expected a value, not ${this.#shown()}`);
    this.#next++;
    return text;
  }

  symbols(): string {
    let found = '';
    for (let token = this.#tokens[this.#next]; token?.kind === 'symbol' && /[=!<>]/.test(token.text); ) {
      found += token.text;
      token = this.#tokens[++this.#next];
    }
    return found;
  }

  #take(kind: Token['kind']): string {
    const token = this.#tokens[this.#next];
    if (token?.kind !== kind) throw new Error(`filters: expected a ${kind}, not ${this.#shown()}`);
    this.#next++;
    return token.text;
  }

  #shown(): string {
    return this.#tokens[this.#next]?.text ?? 'their end';
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', 0: '\0', b: '\b', f: '\f' };

const unquoted = (literal: string): string =>
  literal
    .slice(1, -1)
    .replaceAll(/\\([\s\S])|''/g, (_, letter: string | undefined) =>
      letter === undefined ? "'" : (escapes[letter] ?? letter),
    );

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
