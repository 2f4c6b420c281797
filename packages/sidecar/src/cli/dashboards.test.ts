import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { invocationOf, UsageError } from './command.ts';
import { dashboardsCommand } from './dashboards.ts';

async function exported(...args: string[]): Promise<string> {
  let said = '';
  const print = (text: string): void => {
    said += text;
  };
  await dashboardsCommand.run(invocationOf(dashboardsCommand, args, {}), { print, log: print, color: false });
  return said;
}

test('dashboards export writes dashboards and rules under the names it is given', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-export-'));
  try {
    const names = [
      '--database',
      'obs',
      '--datasource-uid',
      'ch-1',
      '--folder',
      'LLM',
      '--jaeger',
      'https://j.example/',
    ];
    const { files } = JSON.parse(await exported('export', '--to', directory, '--json', ...names)) as {
      files: string[];
    };
    expect(files.filter((file) => file.endsWith('.json'))).toHaveLength(5);
    const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
    expect(text).toContain('FROM obs.calls_1m');
    expect(text).not.toMatch(/\broutescope\.[a-z]/);
    expect(text).toContain('"uid": "ch-1"');
    expect(text).toContain('"folder": "LLM"');
    expect(text).toContain('"query": "https://j.example"');
    expect(text).not.toContain('notification_settings');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test.each([
  [['import'], 'there is dashboards export'],
  [[], 'there is dashboards export'],
  [['export', '--database', 'a b'], '--database a b: expected a name'],
  [['export', '--datasource-uid', 'x'.repeat(41)], 'expected up to 40'],
  [['export', '--jaeger', 'nowhere'], '--jaeger nowhere: expected a URL'],
])('dashboards %s is refused: %s', async (args, sentence) => {
  const refused = await exported(...args).catch((problem: unknown) => problem);
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as Error).message).toContain(sentence);
});
