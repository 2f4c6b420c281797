import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

function packed(name: string): Packed {
  const said = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: `${root}${name}`,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(said) as [Packed])[0];
}

test.each(['packages/conventions', 'packages/sdk', 'packages/panels', 'packages/sidecar', 'dashboards'])(
  '%s is packed without its tests, with licence and readme',
  (name) => {
    const paths = packed(name).files.map((file) => file.path);
    expect(paths.filter((path) => /\.test\.|\.tsbuildinfo$/.test(path))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js']));
  },
);

test.each(['sdk', 'conventions'])('@routescope/%s has the same types for compilers that read no exports', (name) => {
  const { exports, types, typesVersions } = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'));
  const older: Record<string, readonly string[]> = { '': [types], ...typesVersions['*'] };
  for (const [path, { types: file }] of Object.entries<{ types: string }>(exports))
    expect(older[path.replace(/^\.\/?/, '')]).toEqual([file]);
});

test('an app that is bundled into one file has all of it: no module looks for what lies beside it', () => {
  const modules = ['sdk', 'conventions'].flatMap((name) => {
    const dist = `${root}packages/${name}/dist`;
    return readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((file) => `${dist}/${file}`);
  });
  const shipped = modules.filter((file) => /(?<!\.test)\.js$/.test(file) && !file.includes('/generate/'));
  const looking = shipped.filter((file) => readFileSync(file, 'utf8').includes('import.meta'));
  expect(looking.map((file) => file.slice(root.length))).toEqual(['packages/sdk/dist/require.js']);
});

test('what the sdk needs at run time is conventions alone', () => {
  const { dependencies } = JSON.parse(readFileSync(`${root}packages/sdk/package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies)).toEqual(['@routescope/conventions']);
});
