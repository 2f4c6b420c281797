/** Nobody here can run the workflow that asks real servers; what it names must at least be there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const workflow = read('.github/workflows/clickhouse.yaml');
const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name]) => name as string);

test('it runs scripts that exist, on files that exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const names = found(workflow, /npm run ([\w:-]+)/g);
  expect(names).toContain('test:server');
  for (const name of names) expect(scripts, name).toHaveProperty([name]);
  const files = [
    ...found(scripts['test:server'] as string, /(\S+\.test\.ts)/g),
    ...found(workflow, /compose -f (\S+)/g),
    ...found(read('test/cluster/compose.yaml'), /- \.\/(\S+?):/g).map((name) => `test/cluster/${name}`),
  ];
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) expect(existsSync(new URL(file, root)), file).toBe(true);
});

test('it names the server and the cluster as the tests read them and the compose file makes them', () => {
  const reader = read('packages/sidecar/src/testing/server.ts');
  const variables = new Set(found(workflow, /(ROUTESCOPE_TEST_\w+):/g));
  expect([...variables]).toEqual(['ROUTESCOPE_TEST_CLICKHOUSE', 'ROUTESCOPE_TEST_CLUSTER']);
  for (const variable of variables) expect(reader).toContain(`env['${variable}']`);
  const compose = read('test/cluster/compose.yaml');
  for (const url of found(workflow, /ROUTESCOPE_TEST_CLICKHOUSE: (\S+)/g)) {
    const { username, password, port } = new URL(url);
    for (const where of [workflow, compose]) {
      expect(where).toContain(`CLICKHOUSE_USER: ${username}`);
      expect(where).toContain(`CLICKHOUSE_PASSWORD: ${password}`);
      expect(where).toContain(`${port}:${port}`);
    }
  }
  const [cluster] = found(workflow, /ROUTESCOPE_TEST_CLUSTER: (\w+)/g);
  expect(read('test/cluster/cluster.xml')).toContain(`<${cluster}>`);
});
