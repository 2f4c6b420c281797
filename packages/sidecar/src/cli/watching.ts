/** The options about drift: how often to look, what counts as news, who is told. */
import { checkSettings, type DriftSettings, defaultSettings } from '../watch/settings.ts';
import type { WatchOptions } from '../watch/watch.ts';
import { type Option, UsageError, whole } from './command.ts';

/** What a user says about drift, in three sentences. */
export const sentences = {
  'drift-multiple': {
    type: 'string',
    value: 'N',
    help: 'alert me about a rate that is this multiple of the earlier one',
    env: 'ROUTESCOPE_DRIFT_MULTIPLE',
    otherwise: String(defaultSettings.multiple),
  },
  'false-alarm-weeks': {
    type: 'string',
    value: 'N',
    help: 'at most one false alarm per tag in so many weeks',
    env: 'ROUTESCOPE_FALSE_ALARM_WEEKS',
    otherwise: String(defaultSettings.weeksPerTag),
  },
  'false-alarm-weeks-in-all': {
    type: 'string',
    value: 'N',
    help: 'and at most one in so many weeks over all tags; 0: no such limit',
    env: 'ROUTESCOPE_FALSE_ALARM_WEEKS_IN_ALL',
    otherwise: String(defaultSettings.weeksInAll),
  },
  'drift-wobble': {
    type: 'string',
    value: 'SHARE',
    help: 'ignore changes below this share of the earlier rate',
    env: 'ROUTESCOPE_DRIFT_WOBBLE',
    otherwise: String(defaultSettings.wobble),
  },
} as const satisfies Record<string, Option>;

export const watching = {
  ...sentences,
  'watch-every': {
    type: 'string',
    value: 'SECONDS',
    help: 'how often to look for drift; 0: another sidecar does',
    env: 'ROUTESCOPE_WATCH_EVERY',
    otherwise: '60',
  },
  'watch-from': {
    type: 'string',
    value: 'TIME',
    help: 'look as if TIME were now, and go on from there: to try alarms on days that are over',
    otherwise: 'now',
  },
  'alert-webhook': {
    type: 'string',
    many: true,
    value: 'URL',
    help: 'gets alarms as JSON (docs/drift.md)',
    env: 'ROUTESCOPE_ALERT_WEBHOOK',
  },
  'alert-slack': {
    type: 'string',
    many: true,
    value: 'URL',
    help: 'gets alarms as Slack takes messages',
    env: 'ROUTESCOPE_ALERT_SLACK',
  },
  'alert-alertmanager': {
    type: 'string',
    many: true,
    value: 'URL',
    help: 'an Alertmanager (API v2) that gets alarms',
    env: 'ROUTESCOPE_ALERT_ALERTMANAGER',
  },
  'page-cost-per-day': {
    type: 'string',
    value: 'USD',
    help: 'extra cost a day from which an alarm is a page',
    env: 'ROUTESCOPE_PAGE_COST_PER_DAY',
  },
  'grafana-url': { type: 'string', value: 'URL', help: 'for links in alarms', env: 'ROUTESCOPE_GRAFANA_URL' },
  'jaeger-url': { type: 'string', value: 'URL', help: 'for links in alarms', env: 'ROUTESCOPE_JAEGER_URL' },
} as const satisfies Record<string, Option>;

/** @throws UsageError that says which sentence makes no sense. */
export function settingsOf(values: Readonly<Record<keyof typeof sentences, string>>): DriftSettings {
  try {
    return checkSettings({
      multiple: Number(values['drift-multiple']),
      weeksPerTag: Number(values['false-alarm-weeks']),
      weeksInAll: Number(values['false-alarm-weeks-in-all']),
      wobble: Number(values['drift-wobble']),
    });
  } catch (problem) {
    throw new UsageError(problem instanceof Error ? problem.message : String(problem));
  }
}

interface Values extends Readonly<Record<keyof typeof sentences | 'watch-every' | 'watch-from', string>> {
  readonly 'alert-webhook': readonly string[];
  readonly 'alert-slack': readonly string[];
  readonly 'alert-alertmanager': readonly string[];
  readonly 'page-cost-per-day': string | undefined;
  readonly 'grafana-url': string | undefined;
  readonly 'jaeger-url': string | undefined;
}

/** @throws UsageError */
export function watchOf(values: Values): WatchOptions {
  const cost = values['page-cost-per-day'];
  if (cost !== undefined && !(Number(cost) >= 0)) throw new UsageError(`--page-cost-per-day ${cost}: expected USD`);
  const urls = (name: 'alert-webhook' | 'alert-slack' | 'alert-alertmanager'): readonly string[] => {
    for (const url of values[name])
      if (!URL.canParse(url) || !/^https?:/.test(url))
        throw new UsageError(`--${name}: expected addresses that begin with http:// or https://`);
    return values[name];
  };
  return {
    settings: settingsOf(values),
    everySeconds: whole('watch-every', values['watch-every'], 0, 86_400),
    now: clockFrom(values['watch-from']),
    webhooks: urls('alert-webhook'),
    slack: urls('alert-slack'),
    alertmanagers: urls('alert-alertmanager'),
    ...(cost !== undefined && { pageCostPerDay: Number(cost) }),
    grafanaUrl: values['grafana-url']?.replace(/\/$/, ''),
    jaegerUrl: values['jaeger-url']?.replace(/\/$/, ''),
  };
}

/** Epoch ms by a clock that goes on from that time. @throws UsageError */
function clockFrom(text: string): () => number {
  if (text === 'now') return Date.now;
  const ahead = Date.parse(text) - Date.now();
  if (Number.isNaN(ahead)) throw new UsageError(`--watch-from ${text}: expected an ISO time or now`);
  return () => Date.now() + ahead;
}
