/** Writes what Grafana and Prometheus read from files: run by `npm run generate`, checked by a test. */
import { writeFileSync } from 'node:fs';
import { ownPlace } from './place.ts';
import { rendered } from './render.ts';

const directory = new URL('../', import.meta.url);

for (const [file, text] of Object.entries(rendered(ownPlace))) {
  writeFileSync(new URL(file, directory), text);
  console.log(`wrote dashboards/${file}`);
}
