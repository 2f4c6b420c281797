/** Packages that are only compared with or tested on: each set in a folder of its own, installed when it is asked for. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder below test/, from test/ and from test/dist/ alike. @param name `conformance/sdks` */
export const folder = (name: string): string =>
  fileURLToPath(new URL(name, import.meta.url)).replace(/([\\/])dist([\\/])(?=conformance|bench)/, '$1');

/** Installs a folder's packages as its lock file says, unless that has been done. @throws Error when npm fails. */
export function install(directory: string): void {
  const lock = readFileSync(join(directory, 'package-lock.json'), 'utf8');
  const mark = join(directory, 'node_modules', '.installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  process.stderr.write(`installing the packages of ${directory} (npm ci), once\n`);
  npm(['ci'], directory);
  writeFileSync(mark, lock);
}

/** @throws Error with what npm said. */
export function npm(args: readonly string[], directory: string): void {
  const { status, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: directory,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${directory}: ${stderr}`);
}
