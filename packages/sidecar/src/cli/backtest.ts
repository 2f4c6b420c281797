/** `routescope backtest`: when an alarm would have fired over stored history, or over a file of buckets. */
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { backtest, type History, type Replayed } from '../watch/backtest.ts';
import { parseBuckets, storedHistories } from '../watch/histories.ts';
import { type DriftSettings, minutesPerDay } from '../watch/settings.ts';
import { isSignal, otherSignals, settingsFor, signalNames, wrongOnes } from '../watch/signals.ts';
import { withStore } from './ask.ts';
import { command, UsageError } from './command.ts';
import { data, json, token, url } from './options.ts';
import { parseTime } from './report.ts';
import { sentences, settingsOf } from './watching.ts';

export const backtestCommand = command({
  name: 'backtest',
  summary: 'when drift would have been told over a history, and what a fixed limit and a z-test would have said',
  options: {
    url: { ...url, help: 'the sidecar to ask; with none running, the data directory is opened instead' },
    token,
    data,
    buckets: {
      type: 'string',
      value: 'FILE',
      help: 'a history as JSON lines instead of the stored one (docs/drift.md)',
    },
    signal: {
      type: 'string',
      value: 'NAME',
      help: `what may drift: ${signalNames}`,
      otherwise: 'fallback',
    },
    tag: { type: 'string', many: true, value: 'TAG', help: 'only these' },
    from: {
      type: 'string',
      value: 'TIME',
      help: 'look for alarms from here on: ISO time, or -28d before --to; default: a week after the first count',
    },
    to: { type: 'string', value: 'TIME', help: 'ISO time, or as --from before now; default: the last count' },
    change: {
      type: 'string',
      many: true,
      value: 'TAG@TIME',
      help: 'the rate of the tag did change then; every other alarm is false',
    },
    'static-limit': {
      type: 'string',
      value: 'SHARE',
      help: 'of the rule to compare with: over the last hour, for five minutes',
      otherwise: '0.05',
    },
    ...sentences,
    json,
  },
  async run({ values, given }, { print, log }) {
    const settings = settingsOf(values);
    const { signal } = values;
    if (!isSignal(signal)) throw new UsageError(`--signal ${signal}: expected ${signalNames}`);
    if (values.buckets !== undefined && given.has('signal'))
      throw new UsageError('--signal is of the stored history: a file of buckets is of one signal');
    const limit = Number(values['static-limit']);
    if (!(limit > 0 && limit < 1))
      throw new UsageError(`--static-limit ${values['static-limit']}: expected a share from 0 to 1`);
    const judge = (histories: readonly History[], settings: DriftSettings, areAlone: boolean): void => {
      const chosen = withChanges(
        histories.filter(({ tag }) => values.tag.length === 0 || values.tag.includes(tag)),
        values.change,
      );
      if (chosen.length === 0)
        throw new Error(
          values.buckets === undefined
            ? signal === 'fallback'
              ? 'there is no checked call to judge: send routed calls with a validator, or name another tag or directory'
              : signal === 'routing'
                ? 'there is no routing to judge: send calls of a router whose policy decides between models'
                : `there is nothing to judge ${signal} by: its limit is frozen by the watch once a tag has a day of 200 units`
            : `${values.buckets} holds no counts${values.tag.length > 0 ? ` of ${values.tag.join(', ')}` : ''}: expected lines as {"tag":"t","minute":"2026-11-01T00:00:00Z","units":12,"fallbacks":1}`,
        );
      const result = run(chosen, { signal, settings, limit, from: values.from, to: values.to, areAlone });
      print(values.json ? JSON.stringify(result) : textOf(result));
    };
    if (values.buckets !== undefined)
      return judge(
        parseBuckets(linesOf(values.buckets), values.buckets),
        settings,
        !given.has('false-alarm-weeks-in-all'),
      );
    await withStore(
      {
        url: values.url,
        token: values.token,
        dataDirectory: values.data,
        explicitUrl: given.has('url'),
        explicitData: given.has('data'),
        log,
      },
      async (ask) => {
        const others = (await otherSignals(ask)).length;
        judge(await storedHistories(ask, signal), settingsFor(settings, signal, others), false);
      },
    );
  },
});

/** The lines of a file that may be longer than a text can be. */
function* linesOf(file: string): Generator<string> {
  const chunk = Buffer.alloc(1 << 20);
  const decoder = new StringDecoder('utf8');
  let left = '';
  try {
    const opened = openSync(file, 'r');
    try {
      for (let read = readSync(opened, chunk); read > 0; read = readSync(opened, chunk)) {
        const lines = (left + decoder.write(chunk.subarray(0, read))).split('\n');
        left = lines.pop() as string;
        yield* lines;
      }
    } finally {
      closeSync(opened);
    }
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === undefined) throw problem;
    throw new UsageError(`--buckets ${file}: ${(problem as Error).message}`);
  }
  yield left + decoder.end();
}

function withChanges(histories: readonly History[], changes: readonly string[]): History[] {
  const told = changes.map((change) => {
    const at = change.lastIndexOf('@');
    const minute = Math.floor(Date.parse(change.slice(at + 1)) / 60_000);
    const tag = change.slice(0, at);
    if (at < 1 || Number.isNaN(minute)) throw new UsageError(`--change ${change}: expected TAG@ISO-TIME`);
    if (!histories.some((history) => history.tag === tag))
      throw new UsageError(`--change ${change}: there is no tag ${tag}`);
    return { tag, minute };
  });
  return histories.map((history) => ({
    ...history,
    changes: [...history.changes, ...told.filter(({ tag }) => tag === history.tag).map(({ minute }) => minute)].sort(
      (a, b) => a - b,
    ),
  }));
}

interface Alarm {
  readonly fired_at: string;
  readonly delay_minutes: number | null;
  /** null when no change is known of at all. */
  readonly is_false: boolean | null;
  readonly [more: string]: unknown;
}

type Rule = keyof Replayed;
const ruleNames: readonly Rule[] = ['drift', 'static', 'z'];

const iso = (minute: number): string => new Date(minute * 60_000).toISOString().replace('.000', '');

interface RunOptions {
  readonly signal: string;
  readonly settings: DriftSettings;
  readonly limit: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Every stream is judged as if it were the only one. */
  readonly areAlone: boolean;
}

function run(histories: readonly History[], options: RunOptions) {
  const starts = histories.map(({ rows }) =>
    rows.reduce((least, { minute }) => Math.min(least, minute), Number.POSITIVE_INFINITY),
  );
  const last = Math.max(...histories.map(({ rows }) => rows.reduce((most, { minute }) => Math.max(most, minute), 0)));
  const until = options.to === undefined ? last + 1 : Math.floor(parseTime('--to', options.to, Date.now()) / 60_000);
  const isTold = histories.some(({ changes }) => changes.length > 0);
  const keys = histories.map((history, index) => {
    const start = starts[index] as number;
    const from =
      options.from === undefined
        ? start + 7 * minutesPerDay
        : Math.floor(parseTime('--from', options.from, until * 60_000) / 60_000);
    // Keys that came later were not there to share with.
    const together = starts.filter((other) => other <= Math.max(from, start)).length;
    const replayed = backtest(history, {
      settings: options.settings,
      share: options.areAlone ? 1 : 1 / Math.max(together, 1),
      from,
      until,
      staticLimit: options.limit,
    });
    const { environment, tag, model, changes, rows } = history;
    return {
      environment,
      tag,
      model,
      units: rows.reduce((all, { units }) => all + units, 0),
      fallbacks: rows.reduce((all, { fallbacks }) => all + fallbacks, 0),
      judged_from: iso(from),
      judged_until: iso(until),
      changes: changes.map(iso),
      drift: judged(
        replayed.drift.map((alarm) => [alarm.firedAt, described(alarm)] as const),
        changes,
        isTold,
      ),
      static: judged(
        replayed.static.map(({ from: at, to }) => [at, { closed_at: iso(to) }] as const),
        changes,
        isTold,
      ),
      z: judged(
        replayed.z.map(({ from: at, to }) => [at, { closed_at: iso(to) }] as const),
        changes,
        isTold,
      ),
    };
  });
  const totals = Object.fromEntries(
    ruleNames.map((rule) => [
      rule,
      total(
        keys.map((key) => ({ alarms: key[rule], changes: key.changes.length })),
        isTold,
      ),
    ]),
  );
  return { signal: options.signal, settings: options.settings, static_limit: options.limit, totals, keys };
}

function described({ toldAt, closedAt, evidence, confirmedMultiple }: Replayed['drift'][number]): object {
  const { minutes, beganAt, beganFrom, beganTo, unitsBefore, fallbacksBefore, unitsAfter, fallbacksAfter } = evidence;
  const time = (minute: number | undefined): string | null => (minute === undefined ? null : iso(minute));
  return {
    began_at: time(beganAt),
    began_from: time(beganFrom),
    began_to: time(beganTo),
    evidence_weeks: minutes / 10_080,
    units_before: unitsBefore,
    rate_before: unitsBefore > 0 ? fallbacksBefore / unitsBefore : null,
    units_after: unitsAfter,
    rate_after: unitsAfter > 0 ? fallbacksAfter / unitsAfter : null,
    confirmed_multiple: confirmedMultiple,
    told_at: time(toldAt),
    closed_at: time(closedAt),
  };
}

/** The first alarm after a change finds it; alarms before any change, or of a key without one, are false. */
function judged(alarms: readonly (readonly [number, object])[], changes: readonly number[], isTold: boolean): Alarm[] {
  return alarms.map(([firedAt, more]) => {
    const change = changes.filter((minute) => minute <= firedAt).at(-1);
    return {
      fired_at: iso(firedAt),
      delay_minutes: change === undefined ? null : firedAt - change,
      is_false: isTold ? change === undefined : null,
      ...more,
    };
  });
}

function total(keys: readonly { readonly alarms: readonly Alarm[]; readonly changes: number }[], isTold: boolean) {
  const alarms = keys.flatMap((key) => key.alarms);
  const first = keys.flatMap((key) => key.alarms.filter(({ delay_minutes }) => delay_minutes !== null).slice(0, 1));
  const delays = first.map(({ delay_minutes }) => delay_minutes as number).sort((a, b) => a - b);
  const changed = keys.filter(({ changes }) => changes > 0).length;
  return {
    alarms: alarms.length,
    false_alarms: isTold ? alarms.filter(({ is_false }) => is_false).length : null,
    found: isTold ? first.length : null,
    missed: isTold ? changed - first.length : null,
    median_delay_minutes: delays[delays.length >> 1] ?? null,
  };
}

function textOf({ signal, totals, keys, static_limit }: ReturnType<typeof run>): string {
  const lines: string[] = [];
  for (const key of keys) {
    lines.push(
      `${[key.tag, key.model, key.environment].filter((each) => each !== '').join(' · ')}  ${key.fallbacks} ${wrongOnes(signal)} in ${key.units} units, judged ${key.judged_from} to ${key.judged_until}`,
    );
    for (const alarm of key.drift)
      lines.push(
        `  would have fired at ${alarm.fired_at}, began ${String(alarm['began_at'])}, at least ${Number(alarm['confirmed_multiple']).toFixed(1)}x${alarm.delay_minutes === null ? '' : `, ${alarm.delay_minutes} min after the change`}${alarm.is_false ? ', a false alarm' : ''}${alarm['closed_at'] === null ? '' : `; over at ${String(alarm['closed_at'])}`}`,
      );
    if (key.judged_from > key.judged_until)
      lines.push('  not judged: its history is shorter than a week (--from says from where on to judge)');
    else if (key.drift.length === 0) lines.push('  would not have fired');
  }
  const titles = { drift: 'drift', static: `above ${static_limit * 100} % for an hour`, z: 'z-test above 3' };
  lines.push('');
  for (const rule of ruleNames) {
    const { alarms, false_alarms, found, missed, median_delay_minutes } = totals[rule] as ReturnType<typeof total>;
    lines.push(
      `${titles[rule].padEnd(24)} ${alarms} alarms${false_alarms === null ? '' : `, ${false_alarms} false; ${found} changes found, ${missed} missed`}${median_delay_minutes === null ? '' : `, median delay ${median_delay_minutes} min`}`,
    );
  }
  if (totals['drift']?.false_alarms === null)
    lines.push('Say which changes were real (--change TAG@TIME) to have false alarms counted.');
  return lines.join('\n');
}
