/** Renders the alerts as a file of Grafana's alerting provisioning. */
import { type Alert, alerts } from '@routescope/panels';
import { dashboardUid, panelId } from './dashboard.ts';
import { datasourceUid, target } from './target.ts';

/** Spans are loaded a moment after they are sent; the last minute is still coming in. */
const lagSeconds = 60;
/** As far back as any alert's SQL looks. The SQL decides; Grafana only needs a range that holds it. */
const lookBackSeconds = 10 * 86_400;

/** @returns the file's content: field names are those of Grafana's files, which differ from its API's. */
export function alertRules(): unknown {
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'routescope', folder: 'Routescope', interval: '1m', rules: alerts.map(rule) }],
  };
}

function rule(alert: Alert): unknown {
  return {
    uid: `routescope-${alert.id.replaceAll('_', '-')}`,
    title: alert.title,
    condition: 'C',
    for: `${alert.forMinutes}m`,
    keepFiringFor: `${alert.forMinutes}m`,
    // A tag without traffic leaves the result; that is no recovery, so let some evaluations pass.
    missing_series_evals_to_resolve: 15,
    noDataState: 'OK', // no tag had a checked call
    execErrState: 'Error', // files default to Alerting
    dashboardUid,
    panelId: panelId(alert.panel),
    labels: { severity: 'warning', component: 'routescope' },
    annotations: { summary: templated(alert), description: alert.advice },
    data: [
      {
        refId: 'A',
        datasourceUid,
        relativeTimeRange: { from: lookBackSeconds + lagSeconds, to: lagSeconds },
        model: {
          ...target(alert, 'whole range'),
          datasource: { type: 'grafana-clickhouse-datasource', uid: datasourceUid },
          intervalMs: 60_000,
          maxDataPoints: 43_200,
        },
      },
      {
        refId: 'C',
        datasourceUid: '__expr__',
        relativeTimeRange: { from: 0, to: 0 },
        model: {
          refId: 'C',
          type: 'threshold',
          datasource: { type: '__expr__', uid: '__expr__' },
          expression: 'A',
          conditions: [
            {
              evaluator: { type: 'gt', params: [alert.above] },
              unloadEvaluator: { type: 'lt', params: [alert.until] },
            },
          ],
        },
      },
    ],
  };
}

/** Grafana's template language, without a `$`: provisioning would take one for a variable of its environment. */
function templated(alert: Alert): string {
  return alert.summary.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name !== 'value') return `{{ .Labels.${name} }}`;
    const value = '(index .Values "A").Value';
    return alert.unit === 'share' ? `{{ humanizePercentage ${value} }}` : `{{ ${value} }}`;
  });
}
