/** Renders recording and alerting rules for Prometheus over the sidecar's `/metrics`. */
import { type Alert, alerts } from '@routescope/panels';
import { whereIs } from './dashboard.ts';
import type { Place } from './place.ts';

interface OwnRule extends Pick<Alert, 'id' | 'forMinutes' | 'panel' | 'advice'> {
  readonly name: string;
  readonly expr: string;
  /** In Prometheus' template language. */
  readonly summary: string;
}

const by = 'environment, tag';

const recordings = [
  {
    record: 'tag:routescope_fallback_rate:increase30m',
    expr: `sum by (${by}) (increase(routescope_fallbacks_total[30m])) / (sum by (${by}) (increase(routescope_checked_calls_total[30m])) > 0)`,
  },
  {
    record: 'tag:routescope_fallback_rate:increase1d',
    expr: `sum by (${by}) (increase(routescope_fallbacks_total[1d])) / (sum by (${by}) (increase(routescope_checked_calls_total[1d])) > 0)`,
  },
  { record: 'tag:routescope_cost_usd:increase1h', expr: `sum by (${by}) (increase(routescope_cost_usd_total[1h]))` },
  {
    record: 'provider:routescope_failed_share:increase15m',
    expr: 'sum by (environment, provider) (increase(routescope_failed_attempts_total[15m])) / (sum by (environment, provider) (increase(routescope_attempts_total[15m])) > 0)',
  },
];

/** What Grafana's rules cannot say: what the sidecar's watch has opened, a plain limit over live counters, the sidecar itself. */
const ownRules: readonly OwnRule[] = [
  {
    id: 'fallback_drift',
    name: 'RoutescopeFallbackDrift',
    expr: 'routescope_drift_rate_after{signal="fallback",direction="rise"} and on (signal, environment, tag, model, direction) routescope_drift_alarm_open == 1',
    forMinutes: 0,
    panel: 'drift_evidence',
    summary:
      'The fallback rate of {{ $labels.tag }}, first choice {{ $labels.model }}, has drifted up to {{ $value | humanizePercentage }}.',
    advice:
      'The first choice of model is no longer as good for this job. The panel says since when and from which rate; see what was released then.',
  },
  {
    id: 'signal_drift',
    name: 'RoutescopeSignalDrift',
    expr: 'routescope_drift_rate_after{signal!="fallback",direction="rise"} and on (signal, environment, tag, model, direction) routescope_drift_alarm_open == 1',
    forMinutes: 0,
    panel: 'drift_evidence_over_time',
    summary:
      'The {{ $labels.signal }} of {{ $labels.tag }}, model {{ $labels.model }}, has got worse: {{ $value | humanizePercentage }} of its units are beyond the limit of before.',
    advice:
      'Calls are slower, dearer, scored lower or overridden more often than what was usual allows. The message of the alarm says since when, with which release, and how much for certain.',
  },
  {
    id: 'fallback_rate_high',
    name: 'RoutescopeFallbackRateHigh',
    expr: `tag:routescope_fallback_rate:increase30m > 0.05 and on (${by}) sum by (${by}) (increase(routescope_checked_calls_total[30m])) >= 50`,
    forMinutes: 15,
    panel: 'fallback_rate',
    summary: '{{ $value | humanizePercentage }} of the checked calls of {{ $labels.tag }} fell back in half an hour.',
    advice:
      'More than one first answer in twenty is rejected, whatever was usual: the first choice of model is not good enough for this job.',
  },
  {
    id: 'sidecar_absent',
    name: 'RoutescopeSidecarAbsent',
    expr: 'absent(routescope_received_spans_total)',
    forMinutes: 5,
    panel: 'setup_health',
    summary: 'No sidecar can be scraped ({{ $value }} expected).',
    advice: 'Apps keep their spans only for a while. Start the sidecar again; what it had acknowledged is on its disk.',
  },
  {
    id: 'spans_refused',
    name: 'RoutescopeSpansRefused',
    expr: 'increase(routescope_refused_spans_total[10m]) > 0',
    forMinutes: 5,
    panel: 'setup_health',
    summary: '{{ $labels.instance }} refused {{ $value | humanize }} spans in ten minutes.',
    advice:
      'Its spool is full or its disk fails, and senders are told to come again: see why loading is slow (routescope status).',
  },
];

export function prometheusRules(place: Place): object {
  return {
    groups: [
      { name: 'routescope-recordings', interval: '1m', rules: recordings },
      {
        name: 'routescope-alerts',
        interval: '1m',
        rules: [
          ...alerts
            .filter(({ id }) => ownRules.every((own) => own.id !== id))
            .map((alert) =>
              rule(
                {
                  ...alert,
                  name: `Routescope${alert.id.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
                  expr: `routescope_alert_value{alert="${alert.id}"} > ${alert.above}`,
                  summary: templated(alert),
                },
                place,
              ),
            ),
          ...ownRules.map((own) => rule(own, place)),
        ],
      },
    ],
  };
}

function rule({ id, name, expr, forMinutes, panel, summary, advice }: OwnRule, place: Place): object {
  const { dashboardUid, panelId } = whereIs(panel);
  return {
    alert: name,
    expr,
    for: `${forMinutes}m`,
    keep_firing_for: '10m',
    labels: { severity: 'warning', component: 'routescope' },
    annotations: {
      summary,
      description: advice,
      runbook_url: `${place.runbooksUrl}/${id}.md`,
      dashboard: `${place.grafanaUrl}/d/${dashboardUid}?viewPanel=${panelId}`,
    },
  };
}

function templated(alert: Alert): string {
  const how = { share: ' | humanizePercentage', s: ' | humanizeDuration' }[alert.unit as string] ?? ' | humanize';
  return alert.summary.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'value' ? `{{ $value${how} }}` : `{{ $labels.${name} }}`,
  );
}
