/** Writes what Grafana provisions from files: run by `npm run generate`, checked by a test. */
import { writeFileSync } from 'node:fs';
import { alertRules } from './alert-rules.ts';
import { routingOverview } from './dashboard.ts';

const directory = new URL('../grafana/', import.meta.url);

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export const generated: Readonly<Record<string, () => string>> = {
  'routing-overview.json': () => json(routingOverview()),
  // JSON is YAML, and Grafana reads rules from files of either ending.
  'alerts.yaml': () => `# Generated from packages/panels by \`npm run generate\`.\n${json(alertRules())}`,
};

if (import.meta.url === `file://${process.argv[1]}`) {
  for (const [file, render] of Object.entries(generated)) {
    writeFileSync(new URL(file, directory), render());
    console.log(`wrote dashboards/grafana/${file}`);
  }
}
