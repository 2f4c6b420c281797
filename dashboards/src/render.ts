/** Everything Grafana and Prometheus are given, as files. */
import { dashboards } from '@routescope/panels';
import { alertRules } from './alert-rules.ts';
import { grafanaDashboard } from './dashboard.ts';
import type { Place } from './place.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** @returns the text of each file by its name. */
export function rendered(place: Place): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(
      dashboards.map((definition) => [`${definition.id}.json`, json(grafanaDashboard(definition, place))]),
    ),
    // JSON is YAML, and Grafana reads rules from files of either ending.
    'alerts.yaml': `# Generated from the definitions of Routescope's panels and alerts.\n${json(alertRules(place))}`,
  };
}
