/**
 * Looks after statements that are under way on a server. A connection may be gone without a word: the link is down, or
 * something on the way has forgotten it. So while a statement has no answer, the server is asked on a connection of its
 * own whether the statement still runs. One that runs may take as long as it takes; one that nobody knows of, or whose
 * server does not answer either, is given up, and its caller may try again.
 *
 * Progress in the head of the answer would be no such sign: it says 200 before the insert is over.
 */
import { randomUUID } from 'node:crypto';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';

export interface AttendOptions {
  /** Asks whether a statement runs: on a new connection each time, and not for long. */
  readonly asker: ClickHouseClient;
  /** How errors call the server. */
  readonly shown: string;
  /** Between two looks. @default 5,000 */
  readonly everyMs?: number | undefined;
}

/** A statement that so many looks in a row have not found is lost. */
const enough = 3;
/** … where one cannot be sure: the server does not let us look, or others answer than the one that was given it. */
const enoughUnsure = 60;

const question = "SELECT serverUUID(), count() > 0 FROM system.processes WHERE Settings['log_comment'] = {mark:String}";

interface Statement {
  readonly values?: unknown;
  readonly abort_signal?: AbortSignal;
  readonly clickhouse_settings?: object;
}
type Call = (given: Statement) => Promise<unknown>;

/** The client, whose statements reject once they are lost. */
export function attended(client: ClickHouseClient, options: AttendOptions): ClickHouseClient {
  const servers = new Set<string>();
  const calls = new Map<string | symbol, Call>();
  for (const name of ['query', 'command', 'exec', 'insert'] as const) {
    const call = client[name].bind(client) as Call;
    calls.set(name, (given) => attend(call, given, servers, options));
  }
  return new Proxy(client, { get: (target, name) => calls.get(name) ?? Reflect.get(target, name) });
}

async function attend(call: Call, given: Statement, servers: Set<string>, options: AttendOptions): Promise<unknown> {
  const mark = `routescope/${randomUUID()}`;
  const lost = new AbortController();
  const stop = lookAfter(mark, given, servers, options, (problem) => lost.abort(problem));
  try {
    return await call({
      ...given,
      abort_signal: given.abort_signal ? AbortSignal.any([given.abort_signal, lost.signal]) : lost.signal,
      clickhouse_settings: { ...given.clickhouse_settings, log_comment: mark },
    });
  } catch (problem) {
    throw lost.signal.aborted ? lost.signal.reason : problem;
  } finally {
    stop();
  }
}

/**
 * @param servers every one that has ever answered: behind one address there may be several.
 * @param lost called once, when the statement is.
 * @returns what ends it.
 */
function lookAfter(
  mark: string,
  given: Statement,
  servers: Set<string>,
  { asker, shown, everyMs = 5_000 }: AttendOptions,
  lost: (problem: Error) => void,
): () => void {
  let isOver = false;
  let misses = 0;
  let sent = 0;
  let foundOn: string | undefined;

  /** Undefined when it goes on; else why it seems not to, and whether that is sure. */
  async function look(): Promise<{ readonly because: string; readonly isSure: boolean } | undefined> {
    const sentNow = bytesSent(given);
    if (sentNow > sent) {
      sent = sentNow;
      return undefined;
    }
    let answer: string;
    try {
      const result = await asker.query({ query: question, query_params: { mark }, format: 'TabSeparated' });
      answer = await result.text();
    } catch (problem) {
      return { because: 'does not answer', isSure: !(problem instanceof ClickHouseError) };
    }
    const [server = '', runs = ''] = answer.trim().split('\t');
    servers.add(server);
    if (runs === '1') {
      foundOn = server;
      return undefined;
    }
    const isSure = runs === '0' && (foundOn === undefined ? servers.size === 1 : foundOn === server);
    return { because: 'no longer runs a statement that it has not answered: the connection is lost', isSure };
  }

  async function next(): Promise<void> {
    const miss = await look();
    if (isOver) return;
    misses = miss ? misses + 1 : 0;
    if (miss && misses >= (miss.isSure ? enough : enoughUnsure))
      return lost(new Error(`ClickHouse at ${shown} ${miss.because}`));
    timer = setTimeout(next, everyMs);
  }

  let timer = setTimeout(next, everyMs);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** Of a file that is sent with the statement. */
const bytesSent = ({ values }: Statement): number => (values as { bytesRead?: number } | undefined)?.bytesRead ?? 0;
