/** Rules through promtool; a real Prometheus over the sidecar's `/metrics`, and the alert at a real Alertmanager's webhook. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './port.ts';
import { run, start, until } from './programs.ts';

/** From test/dist/interop. */
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const rules = join(repository, 'dashboards/prometheus/rules.yaml');

export function checkRules(promtool: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const file of ['prometheus.yaml', 'rules.test.yaml'])
    copyFileSync(join(repository, 'deploy/prometheus', file), join(directory, file));
  copyFileSync(rules, join(directory, 'rules.yaml'));
  run(promtool, ['check', 'rules', 'rules.yaml'], directory);
  run(promtool, ['check', 'config', 'prometheus.yaml'], directory);
  run(promtool, ['test', 'rules', 'rules.test.yaml'], directory);
}

interface Alerting {
  readonly prometheus: string;
  readonly alertmanager: string | undefined;
  readonly sidecarUrl: string;
  readonly directory: string;
}

interface Sent {
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** The shipped rules, with their minutes taken as nothing: what is waited for here is the road, not the time. */
export async function alertArrives({ prometheus, alertmanager, sidecarUrl, directory }: Alerting): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const parsed = JSON.parse(readFileSync(rules, 'utf8').replace(/^#.*\n/, ''));
  for (const group of parsed.groups) {
    group.interval = '1s';
    for (const rule of group.rules) if (rule.alert) rule.for = '0s';
  }
  writeFileSync(join(directory, 'rules.yaml'), JSON.stringify(parsed));
  const sent: Sent[] = [];
  const hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      sent.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.end();
    });
  });
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  const port = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'routescope', static_configs: [{ targets: [new URL(sidecarUrl).host] }] }],
    ...(alertmanager && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
    }),
  };
  writeFileSync(join(directory, 'prometheus.yaml'), JSON.stringify(config));
  writeFileSync(
    join(directory, 'alertmanager.yaml'),
    JSON.stringify({
      route: { receiver: 'hook', group_wait: '0s', group_interval: '1s' },
      receivers: [{ name: 'hook', webhook_configs: [{ url: `http://127.0.0.1:${port(hook)}/` }] }],
    }),
  );
  const running = [
    start(prometheus, [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]),
  ];
  if (alertmanager)
    running.push(
      start(alertmanager, [
        `--config.file=${join(directory, 'alertmanager.yaml')}`,
        `--storage.path=${join(directory, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        '--cluster.listen-address=',
      ]),
    );
  try {
    // biome-ignore lint/suspicious/noExplicitAny: a foreign API, of which two fields are read
    const read = async (path: string): Promise<any> => (await (await fetch(`${api}/${path}`)).json()) as unknown;
    const api = `http://127.0.0.1:${prometheusPort}/api/v1`;
    const [target] = await until('Prometheus scrapes the sidecar', 60, async () => {
      const targets = (await read('targets')).data.activeTargets;
      return targets[0]?.health === 'up' ? targets : undefined;
    });
    const firing = await until('the alert fires', 60, async () => {
      const found = (await read('alerts')).data.alerts.filter(
        (alert: { labels: Record<string, string>; state: string }) =>
          alert.labels['alertname'] === 'RoutescopeFallbackSpike' && alert.state === 'firing',
      );
      return found.length > 0 ? found : undefined;
    });
    const tags = firing.map(({ labels }: { labels: Record<string, string> }) => labels['tag']).join(', ');
    if (tags !== 'rewrite-query') throw new Error(`fires for ${tags}, expected rewrite-query alone`);
    if (!alertmanager) return `scraped ${target.scrapeUrl}, fires for ${tags}`;
    const arrived = await until('Alertmanager sends it on', 60, async () =>
      sent.flatMap(({ alerts }) => alerts).find(({ labels }) => labels['alertname'] === 'RoutescopeFallbackSpike'),
    );
    const { status, labels, annotations } = arrived;
    if (status !== 'firing' || labels['tag'] !== 'rewrite-query' || !/rose by \d/.test(annotations['summary'] ?? ''))
      throw new Error(`Alertmanager sent ${JSON.stringify(arrived)}`);
    return `"${annotations['summary']}" arrived at the webhook`;
  } finally {
    await Promise.all(running.map((each) => each.stop()));
    hook.close();
  }
}
