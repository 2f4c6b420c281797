import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const path = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

test('a reader that stops reading is no failure', async () => {
  const child = spawn(process.execPath, [path, 'migrate', '--dry-run'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'exit');
  expect({ code, said }).toEqual({ code: 0, said: '' });
});

test.each([
  [['sevre'], '"sevre" is no command', "See 'routescope --help'."],
  [['serve', '--prot', '1'], '--prot is no option of serve', "See 'routescope serve --help'."],
])('%j is answered with where to look', (args, problem, where) => {
  const { status, stderr } = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain(problem);
  expect(stderr.trim().split('\n').at(-1)).toBe(where);
});
