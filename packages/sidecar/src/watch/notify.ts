/**
 * Carries alarms out: a webhook, anything that takes Slack's messages, Alertmanager, the log. A message that was
 * delivered is a row in `events`, so that nothing is said twice after a restart; one that was not is tried again at the
 * next look.
 */
import type { Alarm } from './alarm.ts';

export interface NoticeTargets {
  /** Get the alarm as JSON. */
  readonly webhooks: readonly string[];
  /** Get `{"text": …}`. */
  readonly slack: readonly string[];
  /** Base URLs of Alertmanagers (API v2). */
  readonly alertmanagers: readonly string[];
}

export interface Target {
  /** Stable and free of secrets: kind and host, and a hash of the rest. */
  readonly name: string;
  /** Whether open alarms are told again at every look: the receiver forgets what is not. */
  readonly repeats: boolean;
  /** @throws Error that says what the receiver answered, without its address. */
  send(alarms: readonly Alarm[], now: Date): Promise<void>;
}

const patienceMs = 10_000;
/** Alertmanager takes an alert for resolved when it hears nothing of it for so long. */
const forgottenAfterMs = 15 * 60_000;

export function targetsOf(targets: NoticeTargets, log: (line: string) => void): Target[] {
  return [
    {
      name: 'log',
      repeats: false,
      send: async (alarms) => {
        for (const alarm of alarms) log(`drift, ${alarm.signal}, ${alarm.severity}, ${alarm.state}: ${alarm.text}`);
      },
    },
    ...targets.webhooks.map((url) => ({
      name: nameOf('webhook', url),
      repeats: false,
      send: async (alarms: readonly Alarm[]) => {
        for (const alarm of alarms) await post(url, alarm, { 'idempotency-key': `${alarm.id}/${alarm.state}` });
      },
    })),
    ...targets.slack.map((url) => ({
      name: nameOf('slack', url),
      repeats: false,
      send: async (alarms: readonly Alarm[]) => {
        for (const alarm of alarms) await post(url, { text: `${mark(alarm)} ${alarm.text}` });
      },
    })),
    ...targets.alertmanagers.map((url) => ({
      name: nameOf('alertmanager', url),
      repeats: true,
      send: (alarms: readonly Alarm[], now: Date) =>
        post(
          `${url.replace(/\/$/, '')}/api/v2/alerts`,
          alarms.map((alarm) => alertOf(alarm, now)),
        ),
    })),
  ];
}

const mark = ({ state, severity }: Alarm): string =>
  state === 'opened' ? { page: '[page]', ticket: '[ticket]', info: '[info]' }[severity] : '[over]';

/** An alarm as Alertmanager takes it; its labels are its identity, so they hold nothing that changes. */
function alertOf(alarm: Alarm, now: Date): object {
  const { alert, signal, direction, environment, tag, model } = alarm;
  const grafana = alarm.links['grafana'];
  return {
    labels: { alertname: alert, signal, direction, environment, tag, model, severity: alarm.severity },
    annotations: { summary: alarm.text, id: alarm.id },
    startsAt: alarm.opened_at,
    endsAt: alarm.closed_at ?? new Date(now.getTime() + forgottenAfterMs).toISOString(),
    ...(typeof grafana === 'string' && { generatorURL: grafana }),
  };
}

/** Webhook addresses are secrets: of the address only its host is said, the rest is told apart by a short hash. */
function nameOf(kind: string, url: string): string {
  let hash = 5381;
  for (const char of url) hash = (Math.imul(hash, 33) ^ char.charCodeAt(0)) >>> 0;
  return `${kind} ${new URL(url).host} ${hash.toString(16)}`;
}

async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch (problem) {
    const cause = problem instanceof Error && problem.cause instanceof Error ? problem.cause.message : undefined;
    throw new Error(cause ?? (problem instanceof Error ? problem.name : 'no answer'));
  }
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
}
