/** `routescope simulate`: writes a made-up history, for people who want to look first. */
import { startSidecar } from '../pipeline.ts';
import { simulate as send } from '../simulate/simulate.ts';
import { environment } from '../simulate/spans.ts';
import { quietStoryOf, storyOf } from '../simulate/story.ts';
import { bearer, knock, type StoreOptions, wantsToken, withStore } from './ask.ts';
import { command, UsageError, whole } from './command.ts';
import { data, json, token, url } from './options.ts';

export const simulateCommand = command({
  name: 'simulate',
  summary: 'write a made-up history of days, to look at before there is a real one',
  options: {
    days: { type: 'string', value: 'D', help: 'how long the history is', otherwise: '7' },
    'calls-per-hour': {
      type: 'string',
      value: 'N',
      help: 'calls per hour on average; more by day, fewer by night',
      otherwise: '200',
    },
    seed: { type: 'string', value: 'S', help: 'the same seed and end give the same history', otherwise: '1' },
    until: { type: 'string', value: 'TIME', help: 'ISO time at which it ends', otherwise: 'now' },
    quiet: { type: 'boolean', help: 'days on which nothing goes wrong, by themselves or after others' },
    mix: { type: 'boolean', help: 'also into a store that holds the calls of a real app' },
    url: { ...url, help: 'the sidecar to send it to; with none running, the data directory is opened instead' },
    token,
    data,
    json,
  },
  run({ values, given }, { print, log }) {
    const until = values.until === 'now' ? Date.now() : Date.parse(values.until);
    if (Number.isNaN(until)) throw new UsageError(`--until ${values.until}: expected an ISO time or now`);
    return simulate(
      {
        days: whole('days', values.days, 1, 3_650),
        callsPerHour: whole('calls-per-hour', values['calls-per-hour'], 1, 10_000_000),
        seed: whole('seed', values.seed, 0, 0xffff_ffff),
        until: Math.floor(until / 60_000) * 60_000,
        quiet: values.quiet,
        mix: values.mix,
        json: values.json,
        url: values.url,
        token: values.token,
        dataDirectory: values.data,
        explicitUrl: given.has('url'),
        explicitData: given.has('data'),
        log,
      },
      print,
    );
  },
});

interface SimulateOptions extends StoreOptions {
  readonly days: number;
  readonly callsPerHour: number;
  readonly seed: number;
  /** Epoch ms at which the history ends. */
  readonly until: number;
  /** Nothing goes wrong. */
  readonly quiet: boolean;
  /** Also beside real calls. */
  readonly mix: boolean;
  readonly json: boolean;
}

/** @throws Error when the store holds calls of a real app, unless `mix` is said. */
async function simulate(options: SimulateOptions, print: (text: string) => void): Promise<void> {
  const { log, dataDirectory, url, token, json: asJson } = options;
  const started = performance.now();
  const running = options.explicitData ? undefined : await statusOf(url, token);
  if (!running && options.explicitUrl)
    throw new Error(
      `no sidecar answers at ${url}: start one with 'routescope serve', or leave --url out to write the data directory`,
    );
  const sidecar = running ? undefined : await startSidecar({ dataDirectory, port: 0, log });
  try {
    const target = sidecar?.url ?? url;
    if (!options.mix) await refuseRealCalls({ ...options, url: target, explicitUrl: true, explicitData: false });
    const said = await send({
      story: (options.quiet ? quietStoryOf : storyOf)(options.days, options.until),
      callsPerHour: options.callsPerHour,
      seed: options.seed,
      url: target,
      ...(running && { headers: bearer(token) }),
      progress: (sessions, share) => log(`${Math.round(share * 100)} % of the time told, ${sessions} sessions`),
    });
    await (sidecar?.flush() ?? loaded(url, token));
    const seconds = (performance.now() - started) / 1_000;
    if (asJson) return print(JSON.stringify({ ...said, seconds }));
    print(
      `${said.calls} calls in ${said.sessions} sessions and ${said.scores} scores, up to ${new Date(options.until).toISOString()}, environment '${environment}' (${said.spans} spans, ${seconds.toFixed(1)} s).\nLook at them: routescope report${running ? ` --url ${url}` : ` --data ${dataDirectory}`} --from -${options.days}d`,
    );
  } finally {
    await sidecar?.close();
  }
}

async function refuseRealCalls(store: StoreOptions): Promise<void> {
  await withStore(store, async (ask) => {
    const [real] = await ask(
      'SELECT environment, sum(calls) AS n FROM routescope.calls_1m WHERE environment != {environment:String} GROUP BY environment ORDER BY n DESC LIMIT 1',
      { environment },
    );
    if (real === undefined) return;
    const { environment: name, n } = real as { environment: string; n: number };
    throw new Error(
      `the store holds ${n} calls of ${name ? `environment ${JSON.stringify(name)}` : 'an app'}: name another directory with --data, or write beside them with --mix`,
    );
  });
}

/** Undefined when no sidecar answers. @throws Error when it asks for another token. */
async function statusOf(url: string, token: string | undefined): Promise<{ queued: number } | undefined> {
  const answer = await knock(url, '/status', token, { patienceMs: 2_000 });
  if (answer?.status === 401) throw new Error(wantsToken(url));
  return answer?.ok ? ((await answer.json()) as { queued: number }) : undefined;
}

/** Waits until the running sidecar has loaded what it took. */
async function loaded(url: string, token: string | undefined): Promise<void> {
  for (let status = await statusOf(url, token); status && status.queued > 0; status = await statusOf(url, token))
    await new Promise((again) => setTimeout(again, 200));
}
