/**
 * Renders the migrations of `attempts` and `calls` from the table of words: one column per word, read from the
 * attributes of `otel_traces`. The output is checked in and reviewed; a released file never changes, a new word is a
 * new migration.
 */
import { type SpanColumn, spanColumns, type Word, words } from '@routescope/conventions';

/** The operations that carry billable usage; agent and tool spans may repeat their children's. */
const inferenceOperations = ['chat', 'generate_content', 'text_completion', 'embeddings'] as const;

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Text of the first attribute present, '' when none is. Arrays beside each other are five times as fast as Map lookups. */
function read(word: Word): string {
  const [keys, values] = word.resource ? ['resource_keys', 'resource_values'] : ['keys', 'values'];
  const places = [word.attribute, ...(word.alsoRead ?? [])].map((name) => `indexOf(${keys}, ${quote(name)})`);
  if (places.length === 1) return `${values}[${places[0]}]`;
  return `${values}[coalesce(${places.map((place) => `nullIf(${place}, 0)`).join(', ')}, 0)]`;
}

/** A word's column as an expression over its text; what cannot be read is NULL, never 0. */
function expression(word: Word): string {
  const text = read(word);
  const value = typed(word, text);
  if (word.otherwise === undefined) return value;
  return word.type.startsWith('Nullable')
    ? `ifNull(${value}, ${word.otherwise})`
    : `if(${text} = '', ${word.otherwise}, ${value})`;
}

function typed(word: Word, text: string): string {
  switch (word.type) {
    case 'String':
    case 'LowCardinality(String)':
      return text;
    case 'Array(String)':
      return `JSONExtract(${text}, 'Array(String)')`;
    case 'Bool':
      return `${text} = 'true'`;
    case 'UInt16':
      return `toUInt16OrZero(${text})`;
    case 'Nullable(UInt16)':
      return `toUInt16OrNull(${text})`;
    case 'Nullable(UInt64)':
      return `toUInt64OrNull(${text})`;
    case 'Float64':
      return `toFloat64OrZero(${text})`;
    case 'Nullable(Float64)':
      return `toFloat64OrNull(${text})`;
    case 'Nullable(Decimal(18, 12))':
      return `toDecimal64OrNull(${text}, 12)`;
  }
}

const columnsOf = (row: 'attempt' | 'call'): readonly (Word | SpanColumn)[] =>
  [...spanColumns, ...(words as readonly Word[])].filter((column) => column.row === row || column.row === 'both');

const definition = (column: Word | SpanColumn): string =>
  `    ${column.column} ${column.type} COMMENT ${quote(column.unit ? `${column.meaning} [${column.unit}]` : column.meaning)}`;

function table(name: 'attempts' | 'calls', row: 'attempt' | 'call', orderBy: string): string {
  return `CREATE TABLE IF NOT EXISTS routescope.${name}
(
${columnsOf(row).map(definition).join(',\n')},
    INDEX idx_trace_id trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_call_id call_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(started_at)
ORDER BY (${orderBy})
SETTINGS non_replicated_deduplication_window = 10000;`;
}

/** Columns of the span itself, the same for attempts and call spans. */
const spanExpressions: Readonly<Record<string, string>> = {
  trace_id: 'TraceId',
  span_id: 'SpanId',
  started_at: 'Timestamp',
  duration_s: 'Duration / 1e9',
  // OpenTelemetry's consistent sampling: th is the share not kept, in units of 2^-56, trailing zeros left out.
  weight: `if(threshold = '', 1, 72057594037927936 / (72057594037927936 - reinterpretAsUInt64(reverse(unhex(rightPad(threshold, 14, '0'))))))`,
};

function view(
  name: string,
  target: string,
  row: 'attempt' | 'call',
  overrides: Readonly<Record<string, string>>,
  where: string,
): string {
  const select = columnsOf(row).map((column) => {
    const own = overrides[column.column] ?? spanExpressions[column.column] ?? expression(column as Word);
    return `    ${own} AS ${column.column}`;
  });
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.${name} TO routescope.${target} AS
WITH
    mapKeys(SpanAttributes) AS keys,
    mapValues(SpanAttributes) AS values,
    mapKeys(ResourceAttributes) AS resource_keys,
    mapValues(ResourceAttributes) AS resource_values,
    extract(TraceState, 'ot=[^,]*th:([0-9a-f]{1,14})') AS threshold
SELECT
${select.join(',\n')}
FROM routescope.otel_traces
WHERE ${where};`;
}

const header = (what: string): string =>
  `-- ${what}\n-- Generated from the table of words (packages/conventions/src/words.ts) by \`npm run generate\`.\n`;

export function attemptsMigration(): string {
  const callId = read(words.find((word) => word.column === 'call_id') as Word);
  return [
    header('One row per inference.'),
    table('attempts', 'attempt', 'tag, toStartOfHour(started_at), started_at'),
    '',
    view(
      'attempts_from_traces',
      'attempts',
      'attempt',
      // Outside a route an attempt is a call of its own.
      { call_id: `if(${callId} = '', SpanId, ${callId})` },
      // A call that another instrumentation saw too is one row.
      `operation IN (${inferenceOperations.map(quote).join(', ')}) AND indexOf(keys, 'routescope.duplicate_of') = 0`,
    ),
    '',
  ].join('\n');
}

/** How the call row of an unrouted attempt is filled; every other column is the attempt's own or empty. */
const callOfOneAttempt: Readonly<Record<string, string>> = {
  first_tier: 'tier',
  first_tier_rank: 'tier_rank',
  first_model: 'request_model',
  final_tier: 'tier',
  final_tier_rank: 'tier_rank',
  final_model: 'request_model',
  attempt_count: '1',
  retry_count: '0',
  rerun_count: '0',
  fallback_count: '0',
  failover_count: '0',
  fallback_cause: "''",
  failover_cause: "''",
  checked: 'false',
  escalated: 'false',
  quality_bar: "CAST(NULL, 'Nullable(Float64)')",
  decision_s: "CAST(NULL, 'Nullable(Float64)')",
  decision_cost_usd: "CAST(NULL, 'Nullable(Decimal(18, 12))')",
  validation_cost_usd: "CAST(NULL, 'Nullable(Decimal(18, 12))')",
  diverted_count: '0',
  divert_cause: "''",
  baseline_model: "''",
  baseline_cost_usd: "CAST(NULL, 'Nullable(Decimal(18, 12))')",
};

export function callsMigration(): string {
  const own = columnsOf('call').map(
    (column) => `    ${callOfOneAttempt[column.column] ?? column.column} AS ${column.column}`,
  );
  return [
    header(
      'One row per call: from the call span, which carries the whole, or from an attempt that no route asked for.',
    ),
    table('calls', 'call', 'tag, toStartOfHour(started_at), started_at'),
    '',
    view('calls_from_traces', 'calls', 'call', { call_id: 'SpanId' }, `indexOf(keys, 'routescope.attempt.count') > 0`),
    '',
    `CREATE MATERIALIZED VIEW IF NOT EXISTS routescope.calls_from_attempts TO routescope.calls AS
SELECT
${own.join(',\n')}
FROM routescope.attempts
WHERE call_id = span_id;`,
    '',
  ].join('\n');
}
