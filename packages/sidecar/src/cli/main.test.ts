import { spawn } from 'node:child_process';
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
