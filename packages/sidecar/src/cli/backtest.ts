/** `routescope backtest`: when an alarm would have fired over stored history, or over a file of buckets. */
import { readFileSync } from 'node:fs';
import type { Ask } from '@routescope/panels';
import { backtest, type History, type Replayed } from '../watch/backtest.ts';
import { type DriftSettings, minutesPerDay } from '../watch/settings.ts';
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
    const limit = Number(values['static-limit']);
    if (!(limit > 0 && limit < 1))
      throw new UsageError(`--static-limit ${values['static-limit']}: expected a share from 0 to 1`);
    const judge = (histories: readonly History[], areAlone: boolean): void => {
      const chosen = withChanges(
        histories.filter(({ tag }) => values.tag.length === 0 || values.tag.includes(tag)),
        values.change,
      );
      if (chosen.length === 0)
        throw new Error(
          'there is no checked call to judge: send routed calls with a validator, or name another file, tag or directory',
        );
      const result = run(chosen, { settings, limit, from: values.from, to: values.to, areAlone });
      print(values.json ? JSON.stringify(result) : textOf(result));
    };
    if (values.buckets !== undefined)
      return judge(
        parseBuckets(readFileSync(values.buckets, 'utf8'), values.buckets),
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
      async (ask) => judge(await storedHistories(ask), false),
    );
  },
});

const keyOf = (each: Pick<History, 'environment' | 'tag' | 'model'>): string =>
  JSON.stringify([each.environment, each.tag, each.model]);

interface Line {
  readonly environment?: string;
  readonly tag: string;
  readonly model?: string;
  /** Epoch minute, or an ISO time. */
  readonly minute: number | string;
  readonly units?: number;
  readonly fallbacks?: number;
  /** A release, an acceptance, or a change that is known of, at that minute. */
  readonly event?: 'release' | 'accept' | 'change';
}

/** @throws Error that says which line is wrong. */
export function parseBuckets(text: string, file: string): History[] {
  const found = new Map<
    string,
    { -readonly [K in keyof History]: History[K] extends readonly (infer E)[] ? E[] : History[K] }
  >();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const wrong = (what: string): Error => new Error(`${file}, line ${index + 1}: ${what}`);
    let read: Line;
    try {
      read = JSON.parse(line) as Line;
    } catch {
      throw wrong('expected one JSON object a line');
    }
    const { environment = '', tag, model = '', units = 0, fallbacks = 0, event } = read;
    const minute = typeof read.minute === 'number' ? read.minute : Math.floor(Date.parse(String(read.minute)) / 60_000);
    if (typeof tag !== 'string') throw wrong('expected a "tag"');
    if (!Number.isInteger(minute) || minute < 0 || minute > 1e8)
      throw wrong('expected a "minute": epoch minutes, or an ISO time');
    const key = keyOf({ environment, tag, model });
    const history = found.get(key) ?? { environment, tag, model, rows: [], releases: [], accepted: [], changes: [] };
    found.set(key, history);
    if (event === undefined) {
      if (!(units >= 0 && fallbacks >= 0)) throw wrong('expected "units" and "fallbacks" from 0');
      history.rows.push({ minute, units, fallbacks });
    } else if (event === 'release') history.releases.push(minute);
    else if (event === 'accept') history.accepted.push(minute);
    else if (event === 'change') history.changes.push(minute);
    else throw wrong(`"event" ${JSON.stringify(event)} is none of release, accept, change`);
  }
  return [...found.values()].filter(({ rows }) => rows.length > 0);
}

/** Everything the store counts, by key. */
async function storedHistories(ask: Ask): Promise<History[]> {
  const rows = (await ask(
    'SELECT environment, tag, first_model AS model, m AS minute, units, fallbacks FROM routescope.units_1m',
    {},
  )) as Record<string, string>[];
  const releases = (await ask(
    `SELECT environment, tag, first_model AS model, what, intDiv(toUnixTimestamp(min(first_at)), 60) AS minute
     FROM routescope.versions_1h WHERE version != '' GROUP BY environment, tag, model, what, version`,
    {},
  )) as Record<string, string>[];
  const said = (await ask(
    `SELECT kind, environment, tag, model, intDiv(toUnixTimestamp(coalesce(since, at)), 60) AS minute
     FROM routescope.events FINAL WHERE kind IN ('deploy', 'route_table', 'accept')`,
    {},
  )) as Record<string, string>[];
  const lines = rows.map((row) =>
    JSON.stringify({
      ...row,
      minute: Number(row['minute']),
      units: Number(row['units']),
      fallbacks: Number(row['fallbacks']),
    }),
  );
  return parseBuckets(lines.join('\n'), 'the store').map((history) => {
    const own = releases.filter((each) => keyOf(each as never) === keyOf(history));
    const isOwn = (each: Record<string, string>): boolean =>
      (['environment', 'tag', 'model'] as const).every((name) => each[name] === '' || each[name] === history[name]);
    const minutes = (kinds: readonly string[]): number[] =>
      said
        .filter((each) => kinds.includes(each['kind'] as string) && isOwn(each))
        .map((each) => Number(each['minute']));
    return {
      ...history,
      // What was there from the start is no release.
      releases: [
        ...own
          .filter(({ what, minute }) =>
            own.some((other) => other['what'] === what && Number(other['minute']) < Number(minute)),
          )
          .map(({ minute }) => Number(minute)),
        ...minutes(['deploy', 'route_table']),
      ],
      accepted: minutes(['accept']).sort((a, b) => a - b),
    };
  });
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
  return { settings: options.settings, static_limit: options.limit, totals, keys };
}

function described({ closedAt, evidence, confirmedMultiple }: Replayed['drift'][number]): object {
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

function textOf({ totals, keys, static_limit }: ReturnType<typeof run>): string {
  const lines: string[] = [];
  for (const key of keys) {
    lines.push(
      `${[key.tag, key.model, key.environment].filter((each) => each !== '').join(' · ')}  ${key.fallbacks} fallbacks in ${key.units} units, judged ${key.judged_from} to ${key.judged_until}`,
    );
    for (const alarm of key.drift)
      lines.push(
        `  would have fired at ${alarm.fired_at}, began ${String(alarm['began_at'])}, at least ${Number(alarm['confirmed_multiple']).toFixed(1)}x${alarm.delay_minutes === null ? '' : `, ${alarm.delay_minutes} min after the change`}${alarm.is_false ? ', a false alarm' : ''}${alarm['closed_at'] === null ? '' : `; over at ${String(alarm['closed_at'])}`}`,
      );
    if (key.drift.length === 0) lines.push('  would not have fired');
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
