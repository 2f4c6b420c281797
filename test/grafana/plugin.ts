/**
 * What Grafana and its ClickHouse plugin 4.20 do to a query before the store sees it: first the browser's part
 * (`$__conditionalAll`, variables), then the backend's macros.
 */

export interface Asking {
  /** Epoch seconds. */
  readonly from: number;
  readonly to: number;
  /** Width of a point as Grafana chose it. */
  readonly intervalSeconds: number;
  /** What is chosen of each variable: values, or all of them. A rule has none. */
  readonly variables?: Readonly<Record<string, readonly string[] | 'all'>>;
}

/** @throws Error about a macro or variable that would reach the store as it stands. */
export function asStored(rawSql: string, asking: Asking): string {
  const sql = withMacros(asking.variables ? withVariables(rawSql, asking.variables) : rawSql, asking);
  const [left] = /\$\{?\w+/.exec(sql) ?? [];
  if (left !== undefined) throw new Error(`${left} is expanded by nobody`);
  return sql;
}

/** An ad-hoc filter as the plugin puts it behind a query that reads the table. */
export function withAdhocFilter(sql: string, table: string, column: string, value: string): string {
  const literal = value.replaceAll('\\', '\\\\\\\\').replaceAll("'", "\\\\\\'");
  return new RegExp(`\\b${table.replace('.', '\\.')}\\b`).test(sql)
    ? `${sql}\nsettings additional_table_filters={'${table}' : ' ${column} = \\'${literal}\\' '}`
    : sql;
}

function withVariables(rawSql: string, variables: NonNullable<Asking['variables']>): string {
  const chosen = (name: string): readonly string[] | 'all' => {
    const values = variables[name];
    if (values === undefined) throw new Error(`the dashboard has no variable ${name}`);
    return values;
  };
  let sql = rawSql;
  const macro = '$__conditionalAll(';
  for (let at = sql.indexOf(macro); at >= 0; at = sql.indexOf(macro)) {
    const [condition = '', variable = '', ...more] = argumentsAt(sql, at + macro.length);
    if (more.length > 0) throw new Error('$__conditionalAll takes two arguments');
    const name = /^\$\{?(\w+)\}?$/.exec(variable.trim())?.[1];
    if (name === undefined) throw new Error(`$__conditionalAll: ${variable} is no variable`);
    const values = chosen(name);
    const whole = macro.length + condition.length + 1 + variable.length + 1;
    sql = sql.slice(0, at) + (values === 'all' || values.length === 0 ? '1=1' : condition) + sql.slice(at + whole);
  }
  return sql.replaceAll(/\$\{(\w+):singlequote\}/g, (_, name: string) => {
    const values = chosen(name);
    if (values === 'all') throw new Error(`\${${name}} stands outside of $__conditionalAll, and all are chosen`);
    return values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(',');
  });
}

/** Arguments up to the closing parenthesis, split at commas outside of inner ones. */
function argumentsAt(sql: string, start: number): string[] {
  const found = [''];
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    const letter = sql[at] as string;
    if (letter === ')' && depth === 0) return found;
    if (letter === '(') depth++;
    if (letter === ')') depth--;
    if (letter === ',' && depth === 0) found.push('');
    else found[found.length - 1] += letter;
  }
  throw new Error('a macro does not end');
}

function withMacros(rawSql: string, { from, to, intervalSeconds }: Asking): string {
  const interval = Math.max(1, Math.floor(intervalSeconds));
  const time = (seconds: number): string => `toDateTime(${seconds})`;
  const macros: Readonly<Record<string, (column: string) => string>> = {
    timeFilter: (column) => `${column} >= ${time(from)} AND ${column} <= ${time(to)}`,
    timeInterval: (column) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${interval} second)`,
    fromTime: () => time(from),
    toTime: () => time(to),
    interval_s: () => String(interval),
  };
  return rawSql
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\$__(\w+)(?:\((\w+(?:\.\w+)?)\))?/g, (whole, name: string, column: string | undefined) => {
      const macro = macros[name];
      if (!macro) throw new Error(`${whole} is no macro of the plugin's backend`);
      return macro(column ?? '');
    });
}
