/**
 * What the query endpoint lets through: one plain read of our own tables.
 *
 * The engine's reader role already stops writes, other databases and table functions, but not everything: scalar
 * functions such as `file()` read any file, `INTO OUTFILE` writes one, a SETTINGS clause undoes limits, and `readonly`
 * is no boundary. So the text itself is held against lists of what is allowed; what is new in an engine fails closed.
 */

/** Functions a panel, a report or a curious person needs. Anything else is refused by name. */
const functions = new Set(
  `abs adddays addhours addminutes addseconds any anylast argmax argmin array arrayconcat arraycount arraycumsum
  arraydifference arraydistinct arrayelement arrayexists arrayfilter arrayfirst arrayfirstindex arrayflatten arrayjoin
  arraymap arraymax arraymin arraypopback arraypopfront arraypushback arraypushfront arrayreduce arrayresize
  arrayreverse arrayreversesort arrayslice arraysort arraystringconcat arraysum arraywithconstant arrayzip asin avg
  avgif bar cast ceil coalesce concat count countif date_diff date_trunc datediff empty endswith erfc exp first_value floor
  formatdatetime fromunixtimestamp fromunixtimestamp64milli fromunixtimestamp64nano greatest grouparray grouparrayif
  groupuniqarray has hex histogram hour if ifnull ilike in indexof intdiv isfinite isnan isnotnull
  isnull json_value jsonextract jsonextractstring lag laginframe last_value leadinframe least length like ln log log10
  lower lpad map mapkeys mapvalues match max maxif median min minif minus minute modulo multiif multiply not notempty
  now now64 nullif number parsedatetimebesteffort plus position pow quantile quantileif quantiles quantilesif
  quantilestdigest quantilestdigestif quantilestdigestmerge quantilestdigestmergeif quantiletdigest quantiletdigestmerge
  range rank replaceall replaceone round row_number rpad sign sin splitbychar sqrt startswith stddevpop stddevsamp
  stddevsampif substring sum sumforeachresample sumif sumwithoverflow todate todatetime todatetime64 todayofweek todecimal128 todecimal64
  tofloat32 tofloat64 tofloat64ornull tohour toint32 toint64 toint8 tointervalday tointervalhour tointervalmicrosecond
  tointervalminute tointervalsecond tolastdayofmonth tominute tomonday tomonth tonullable tostartofday
  tostartoffifteenminutes tostartoffiveminutes tostartofhour tostartofinterval tostartofminute tostartofmonth
  tostartofweek tostring totypename touint16 touint32 touint64 touint8 tounixtimestamp tounixtimestamp64micro
  tounixtimestamp64milli toyear toyyyymm trim tuple uniq uniqexact uniqexactif uniqif uniqmerge uniqmergeif upper
  varsamp varsampif version`.split(/\s+/),
);

/** Keywords that may stand before a parenthesis. */
const keywords = new Set(
  `all and any as asc between by case cross cube desc distinct else end except exists filter final from full global
  group having ilike in inner intersect interval is join left like limit not null offset on or order outer over partition
  prewhere qualify right rollup rows select semi anti asof then totals union using values when where window with`.split(
    /\s+/,
  ),
);

/** Types that take arguments, in casts and in `{name:Type}`. */
const types = new Set(
  'array datetime64 decimal decimal128 decimal64 fixedstring lowcardinality map nullable tuple'.split(' '),
);

/** Words that have no place in a plain read, wherever they stand: as clause, as name, as a function passed by name. */
const banned = new Set(
  `outfile infile into settings apply file url s3 gcs hdfs azureblobstorage remote remotesecure cluster mysql postgresql
  mongodb redis sqlite odbc jdbc executable infinite generaterandom numbers_mt dictionary dictget eval evalml
  sleep sleepeachrow throwif getenv getmacro getserverport getosKernelversion filesystemavailable filesystemcapacity
  filesystemunreserved hostname fqdn tcpport system information_schema kill insert alter create drop truncate rename
  attach detach grant revoke optimize set use exchange identifier explain`
    .toLowerCase()
    .split(/\s+/),
);

export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol';
  /** Without its quotes, if it is a quoted name; a string has them. */
  readonly text: string;
  /** Where in the statement it begins. */
  readonly at: number;
}

/**
 * @returns undefined when the statement may run, else a sentence that says what is wrong and what to do.
 */
export function refusal(sql: string): string | undefined {
  const tokens = tokenize(sql);
  if (typeof tokens === 'string') return tokens;
  const first = tokens.find((token) => token.text !== '(')?.text.toLowerCase();
  if (first !== 'select' && first !== 'with') return 'Only a single SELECT (or WITH … SELECT) is answered here.';
  for (const [index, token] of tokens.entries()) {
    const word = token.text.toLowerCase();
    if (token.kind === 'symbol' && token.text === ';') return 'Only one statement at a time: remove the semicolon.';
    if (token.kind !== 'word' && token.kind !== 'quoted') continue;
    if (banned.has(word)) return `${token.text} is not allowed here: only plain reads of routescope's own tables are.`;
    if (word === 'format' && token.kind === 'word') {
      const last = index === tokens.length - 2 && tokens[index + 1]?.kind === 'word';
      if (!last) return 'FORMAT may only stand at the end of the statement.';
      continue;
    }
    const called = tokens[index + 1]?.text === '(' && tokens[index + 1]?.kind === 'symbol';
    if (!called) continue;
    if (token.kind === 'word' && keywords.has(word)) continue;
    const isCommonTable =
      token.kind === 'word' && tokens[index - 1]?.text.toLowerCase() === 'as' && word === 'materialized';
    // It runs the aggregate function it is given by name.
    if (word === 'arrayreduce' && tokens[index + 2]?.text !== "'sumForEach'")
      return "arrayReduce may only be given 'sumForEach' here.";
    if (!functions.has(word) && !types.has(word) && !isCommonTable) {
      return `The function ${token.text} is not on the list of the query endpoint.`;
    }
  }
  return undefined;
}

/** Words, quoted names, strings, numbers and symbols; comments go. Text that does not end is refused, not guessed at. */
export function tokenize(sql: string): Token[] | string {
  const tokens: Token[] = [];
  const pattern =
    /(\s+)|(--[^\n]*|#![^\n]*|# [^\n]*)|(\/\*)|('(?:[^'\\]|\\.|'')*')|("(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)|([A-Za-z_][A-Za-z0-9_]*)|(\d[\w.]*)|([^\s])/gsy;
  while (pattern.lastIndex < sql.length) {
    const at = pattern.lastIndex;
    const found = pattern.exec(sql);
    if (!found) return `The statement cannot be read at character ${at}.`;
    const [text, space, lineComment, blockComment, string, quoted, word, number] = found;
    if (space || lineComment) continue;
    if (blockComment) {
      const end = sql.indexOf('*/', at + 2);
      if (end < 0 || sql.slice(at + 2, end).includes('/*')) return 'A comment does not end, or holds another one.';
      pattern.lastIndex = end + 2;
      continue;
    }
    if (string) tokens.push({ kind: 'string', text, at });
    else if (quoted) tokens.push({ kind: 'quoted', text: quoted.slice(1, -1), at });
    else if (word) tokens.push({ kind: 'word', text, at });
    else if (number) tokens.push({ kind: 'number', text, at });
    else if (/['"`$\\@]/.test(text)) return `The character ${text} is not allowed at ${at}.`;
    else tokens.push({ kind: 'symbol', text, at });
  }
  return tokens;
}
