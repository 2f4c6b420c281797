/** Renders the alerts as a file of Grafana's alerting provisioning. */
import { type Alert, alerts, sqlOf } from '@routescope/panels';
import { whereIs } from './dashboard.ts';
import type { Place } from './place.ts';
import { macroSql, pluginType, target } from './target.ts';

/** Spans are loaded a moment after they are sent; the last minute is still coming in. */
const lagSeconds = 60;
/** As far back as any alert's SQL looks. The SQL decides; Grafana only needs a range that holds it. */
const lookBackSeconds = 10 * 86_400;

const ruleUid = (alert: Alert): string => `routescope-${alert.id.replaceAll('_', '-')}`;

/** @returns the file's content: field names are those of Grafana's files, which differ from its API's. */
export function alertRules(place: Place): object {
  const rules = alerts.map((alert) => rule(alert, place));
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'routescope', folder: place.folder, interval: '1m', rules }],
  };
}

function rule(alert: Alert, place: Place): object {
  return {
    uid: ruleUid(alert),
    title: alert.title,
    condition: 'C',
    for: `${alert.forMinutes}m`,
    keepFiringFor: `${alert.forMinutes}m`,
    // A tag without traffic leaves the result; that is no recovery, so let some evaluations pass.
    missing_series_evals_to_resolve: 15,
    noDataState: alert.whenEmpty === 'alert' ? 'NoData' : 'OK',
    execErrState: 'Error', // files default to Alerting
    ...whereIs(alert.panel),
    labels: { severity: 'warning', component: 'routescope' },
    annotations: {
      summary: templated(alert),
      description: alert.advice,
      runbook_url: `${place.runbooksUrl}/${alert.id}.md`,
    },
    // Without one it goes wherever the organisation's own policies send it, which are not ours to replace.
    ...(place.contactPoint && {
      notification_settings: { receiver: place.contactPoint, group_by: ['alertname', ...alert.keys] },
    }),
    data: [
      {
        refId: 'A',
        datasourceUid: place.datasourceUid,
        relativeTimeRange: { from: lookBackSeconds + lagSeconds, to: lagSeconds },
        model: {
          ...target(macroSql(sqlOf(alert), 'whole range', place), 'table'),
          datasource: { type: pluginType, uid: place.datasourceUid },
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
    const how = { share: 'humanizePercentage ', s: 'humanizeDuration ' }[alert.unit as string] ?? 'humanize ';
    return `{{ ${how}${value} }}`;
  });
}
