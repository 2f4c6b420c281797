/**
 * An app of its own with one tool in it, as people run it, and with the bare client beside: told over IPC what to do in
 * the next turn, it tells what either took. `App` is the bench's end of it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { clients, type Foreign, type Sdk } from './tools.ts';
import { provider, type Work, type WorkName, works } from './works.ts';

/** `cpu`: microseconds a unit. `heap`: bytes a unit, in a process that collects nothing in between. */
type Measured = 'cpu' | 'heap';

interface Turn {
  readonly work: WorkName;
  readonly measured: Measured;
  /** Whose garbage is collected in whose turn must not always be the same. */
  readonly isBareFirst: boolean;
}

/** What a unit of work took of the bare client, and of the one that is watched. */
export interface Taken {
  readonly bare: number;
  readonly watched: number;
}

const untouchedHeap = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];

export class App {
  readonly tool: string;
  readonly #process: ChildProcess;
  readonly #measured: Measured;
  readonly #ended: Promise<never>;
  #turns = 0;

  private constructor(tool: string, measured: Measured, child: ChildProcess) {
    this.tool = tool;
    this.#measured = measured;
    this.#process = child;
    this.#ended = once(child, 'exit').then(([status]) => {
      throw new Error(`the app with ${tool} ended with ${status}`);
    });
    this.#ended.catch(() => {}); // whoever waits for an answer hears of it
  }

  /** @throws Error with what the app said when its tool cannot be set up. */
  static async start(sdk: Sdk, tool: string, measured: Measured = 'cpu'): Promise<App> {
    const child = fork(fileURLToPath(import.meta.url), [sdk, tool], {
      execArgv: measured === 'heap' ? untouchedHeap : [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const app = new App(tool, measured, child);
    const problem = (await app.#hear()) as string;
    if (problem === '') return app;
    app.stop();
    throw new Error(problem);
  }

  /** Lets both clients work, one after the other. */
  async turn(work: WorkName): Promise<Taken> {
    const turn: Turn = { work, measured: this.#measured, isBareFirst: this.#turns++ % 2 === 0 };
    this.#process.send(turn);
    return (await this.#hear()) as Taken;
  }

  async #hear(): Promise<unknown> {
    const [message] = await Promise.race([once(this.#process, 'message'), this.#ended]);
    return message;
  }

  stop(): void {
    this.#process.kill();
  }
}

/** Registers a provider whose spans are made in full and then let go: sending them is off the call's path. */
function registerTelemetry(): () => number {
  let spans = 0;
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: () => void spans++,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  // Node 20 makes every promise dearer once anybody uses AsyncLocalStorage, as each traced app does: so for all.
  context.with(context.active(), () => {});
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  return () => spans;
}

const measures: Readonly<Record<Measured, (work: Work, client: Foreign) => Promise<number>>> = {
  async cpu({ run, units }, client) {
    const before = process.cpuUsage();
    await run(client);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / units;
  },
  async heap({ run, units }, client) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await run(client);
    return (process.memoryUsage().heapUsed - before) / units;
  },
};

function obey([sdk, tool]: [Sdk, string]): void {
  const spans = registerTelemetry();
  const { bare, watched } = clients(sdk, tool, provider(sdk));
  const known = works(sdk);
  process.on('message', async ({ work, measured, isBareFirst }: Turn) => {
    const measure = (client: Foreign) => measures[measured](known[work], client);
    const first = await measure(isBareFirst ? bare : watched);
    const before = spans();
    const second = await measure(isBareFirst ? watched : bare);
    if (isBareFirst === (spans() === before))
      throw new Error('it is the watched client that makes spans, and no other');
    process.send?.(isBareFirst ? { bare: first, watched: second } : { bare: second, watched: first });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    obey(process.argv.slice(2) as [Sdk, string]);
    process.send?.('');
  } catch (problem) {
    process.send?.(String(problem));
  }
}
