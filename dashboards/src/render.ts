/** Everything Grafana and Prometheus are given, as files. */
import { dashboards } from '@routescope/panels';
import { alertRules } from './alert-rules.ts';
import { grafanaDashboard } from './dashboard.ts';
import type { Place } from './place.ts';
import { prometheusRules } from './prometheus.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
/** JSON is YAML, and both read rules from files of either. */
const yaml = (value: unknown): string =>
  `# Generated from the definitions of Routescope's panels and alerts.\n${json(value)}`;

/** @returns the text of each file by its path. */
export function rendered(place: Place): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(
      dashboards.map((definition) => [`grafana/${definition.id}.json`, json(grafanaDashboard(definition, place))]),
    ),
    'grafana/alerts.yaml': yaml(alertRules(place)),
    'prometheus/rules.yaml': yaml(prometheusRules(place)),
  };
}
