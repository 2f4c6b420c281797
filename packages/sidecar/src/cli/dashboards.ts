/** `routescope dashboards export`: dashboards and rules as files, for the names of another Grafana. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownPlace, type Place, rendered } from '@routescope/dashboards';
import { command, UsageError } from './command.ts';
import { json } from './options.ts';

export const dashboardsCommand = command({
  name: 'dashboards',
  operands: 'export',
  summary: 'write dashboards and alert rules for Grafana and Prometheus',
  options: {
    to: { type: 'string', value: 'DIR', help: 'where to', otherwise: 'routescope-dashboards' },
    datasource: {
      type: 'string',
      value: 'NAME',
      help: 'name of the ClickHouse data source',
      otherwise: ownPlace.datasourceName,
    },
    'datasource-uid': {
      type: 'string',
      value: 'UID',
      help: 'its uid, which alert rules name',
      otherwise: ownPlace.datasourceUid,
    },
    database: { type: 'string', value: 'NAME', help: 'the ClickHouse database', otherwise: ownPlace.database },
    folder: { type: 'string', value: 'TITLE', help: 'the folder of the alert rules', otherwise: ownPlace.folder },
    'contact-point': {
      type: 'string',
      value: 'NAME',
      help: "where alerts go; left out, wherever your organisation's policies send them",
    },
    grafana: { type: 'string', value: 'URL', help: 'for links from alerts', otherwise: ownPlace.grafanaUrl },
    jaeger: { type: 'string', value: 'URL', help: 'for links to traces', otherwise: ownPlace.jaegerUrl },
    runbooks: {
      type: 'string',
      value: 'URL',
      help: 'where docs/runbooks can be read',
      otherwise: ownPlace.runbooksUrl,
    },
    json,
  },
  async run({ values, positionals }, { print }) {
    if (positionals.length !== 1 || positionals[0] !== 'export')
      throw new UsageError(`dashboards ${positionals.join(' ')}: there is dashboards export`);
    const place: Place = {
      datasourceName: values.datasource,
      datasourceUid: matching(
        'datasource-uid',
        values['datasource-uid'],
        /^[\w-]{1,40}$/,
        'up to 40 letters, digits, - and _',
      ),
      database: matching('database', values.database, /^[A-Za-z_]\w*$/, 'a name of letters, digits and _'),
      folder: values.folder,
      contactPoint: values['contact-point'] ?? '',
      grafanaUrl: trimmed('grafana', values.grafana),
      jaegerUrl: trimmed('jaeger', values.jaeger),
      runbooksUrl: values.runbooks.replace(/\/+$/, ''),
    };
    const files = Object.entries(rendered(place));
    for (const [file, text] of files) {
      const path = join(values.to, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const paths = files.map(([file]) => join(values.to, file));
    print(values.json ? JSON.stringify({ files: paths }) : paths.map((path) => `wrote ${path}`).join('\n'));
  },
});

function matching(name: string, text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text;
  throw new UsageError(`--${name} ${text}: expected ${expected}`);
}

function trimmed(name: string, text: string): string {
  if (!URL.canParse(text)) throw new UsageError(`--${name} ${text}: expected a URL`);
  return text.replace(/\/+$/, '');
}
