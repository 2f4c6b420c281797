/** What a failed insert means for the records in it. */
import { ClickHouseError } from '@clickhouse/client';

/**
 * - `again`: the engine is away, busy or short of something; the same insert will do later.
 * - `held`: the database is not as it should be (a table, a column or a right is missing), whatever the records are:
 *   nothing is set aside, a person has to put it right, and then it goes on by itself.
 * - `refused`: something in these records will be refused every time.
 * - `unknown`: an error nobody has classified; tried again, and suspected of being about the records after a while.
 */
export type Verdict = 'again' | 'held' | 'refused' | 'unknown';

const again = codes(`
  74 CANNOT_READ_FROM_FILE_DESCRIPTOR, 75 CANNOT_WRITE_TO_FILE_DESCRIPTOR, 76 CANNOT_OPEN_FILE, 159 TIMEOUT_EXCEEDED,
  173 CANNOT_ALLOCATE_MEMORY, 198 DNS_ERROR, 201 QUOTA_EXCEEDED, 202 TOO_MANY_SIMULTANEOUS_QUERIES, 203 NO_FREE_CONNECTION,
  209 SOCKET_TIMEOUT, 210 NETWORK_ERROR, 225 NO_ZOOKEEPER, 236 ABORTED, 241 MEMORY_LIMIT_EXCEEDED, 242 TABLE_IS_READ_ONLY,
  243 NOT_ENOUGH_SPACE, 252 TOO_MANY_PARTS, 254 NO_ACTIVE_REPLICAS, 279 ALL_CONNECTION_TRIES_FAILED, 285 TOO_FEW_LIVE_REPLICAS,
  286 UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE, 319 UNKNOWN_STATUS_OF_INSERT, 394 QUERY_WAS_CANCELLED, 425 SYSTEM_ERROR,
  439 CANNOT_SCHEDULE_TASK, 499 S3_ERROR, 574 DISTRIBUTED_TOO_MANY_PENDING_BYTES, 999 KEEPER_EXCEPTION`);

const held = codes(`
  10 NOT_FOUND_COLUMN_IN_BLOCK, 16 NO_SUCH_COLUMN_IN_TABLE, 46 UNKNOWN_FUNCTION, 47 UNKNOWN_IDENTIFIER, 60 UNKNOWN_TABLE,
  62 SYNTAX_ERROR, 81 UNKNOWN_DATABASE, 115 UNKNOWN_SETTING, 164 READONLY, 192 UNKNOWN_USER,
  193 WRONG_PASSWORD, 194 REQUIRED_PASSWORD, 218 TABLE_IS_DROPPED, 497 ACCESS_DENIED, 516 AUTHENTICATION_FAILED`);

const refused = codes(`
  6 CANNOT_PARSE_TEXT, 26 CANNOT_PARSE_QUOTED_STRING, 27 CANNOT_PARSE_INPUT_ASSERTION_FAILED, 33 CANNOT_READ_ALL_DATA,
  38 CANNOT_PARSE_DATE, 41 CANNOT_PARSE_DATETIME, 43 ILLEGAL_TYPE_OF_ARGUMENT, 53 TYPE_MISMATCH,
  69 ARGUMENT_OUT_OF_BOUND, 70 CANNOT_CONVERT_TYPE, 72 CANNOT_PARSE_NUMBER, 117 INCORRECT_DATA,
  128 TOO_LARGE_ARRAY_SIZE, 131 TOO_LARGE_STRING_SIZE, 190 SIZES_OF_ARRAYS_DONT_MATCH, 349 CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN,
  395 FUNCTION_THROW_IF_VALUE_IS_NON_ZERO, 407 DECIMAL_OVERFLOW, 434 CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING,
  444 UNKNOWN_PROTOBUF_FORMAT, 636 CANNOT_EXTRACT_TABLE_STRUCTURE`);

export function verdictOn(problem: unknown): Verdict {
  // Without an answer of the engine's: connection lost, timed out, or our own disk.
  if (!(problem instanceof ClickHouseError)) return 'again';
  // The code of "too many parts", which passes, also says "too many partitions for single INSERT block", which does not.
  if (problem.code === '252' && /single INSERT block/i.test(problem.message)) return 'refused';
  if (again.has(problem.code)) return 'again';
  if (held.has(problem.code)) return 'held';
  return refused.has(problem.code) ? 'refused' : 'unknown';
}

/** The engine had the insert and went without a word: it died of it or hung, or the connection broke. */
export function wentSilent(problem: unknown): boolean {
  if (problem instanceof ClickHouseError) return false;
  const { code = '', message = '' } = problem as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE' || /socket hang up|^Timeout error/.test(message);
}

/** The numbers of a list of numbers and names. */
function codes(list: string): ReadonlySet<string> {
  return new Set(list.match(/\d+/g));
}
