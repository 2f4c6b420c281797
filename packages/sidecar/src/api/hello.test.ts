import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sidecar, startSidecar } from '../pipeline.ts';

/** As the Go driver reads a block of that revision. */
function read(bytes: Buffer, revision: number): Record<string, string | number>[] {
  let at = 0;
  const byte = (): number => bytes[at++] as number;
  const text = (): string => {
    const length = byte();
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const blocks: Record<string, string | number>[] = [];
  while (at < bytes.length) {
    if (revision > 0) {
      expect([byte(), byte(), byte()]).toEqual([1, 0, 2]); // field 1: no overflow; field 2: the bucket
      expect(bytes.readInt32LE(at)).toBe(-1);
      at += 4;
      expect(byte()).toBe(0);
    }
    const [columns, rows] = [byte(), byte()];
    expect(rows).toBe(1);
    const row: Record<string, string | number> = {};
    for (let column = 0; column < columns; column++) {
      const [name, type] = [text(), text()];
      if (revision >= 54_454) expect(byte()).toBe(0);
      if (type === 'String') row[name] = text();
      else if (type === 'UInt32') {
        row[name] = bytes.readUInt32LE(at);
        at += 4;
      } else if (type === 'UInt8') row[name] = byte();
      else throw new Error(`a column of ${type}`);
    }
    blocks.push(row);
  }
  return blocks;
}

describe("Grafana's plugin", () => {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-hello-'));
  let sidecar: Sidecar;
  beforeAll(async () => {
    sidecar = await startSidecar({ dataDirectory: directory, port: 0 });
  });
  afterAll(async () => {
    await sidecar.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = async (sql: string, parameters: string): Promise<Buffer> => {
    const answer = await fetch(`${sidecar.url}/query/?${parameters}`, { method: 'POST', body: sql });
    expect(answer.status, await answer.clone().text()).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };

  test.each([0, 54_453, 54_454, 54_460])(
    'is told who it speaks to at revision %i, and to read plain blocks',
    async (revision) => {
      const version = revision === 0 ? '' : `client_protocol_version=${revision}&`;
      const hello = 'SELECT displayName(), version(), revision(), timezone()';
      const bytes = await ask(hello, `${version}database=routescope&default_format=Native`);
      expect(read(bytes, revision)).toEqual([
        {
          'displayName()': 'routescope',
          'version()': expect.stringMatching(/^\d+\.\d+\.\d/),
          'revision()': 0,
          'timezone()': 'UTC',
        },
      ]);
    },
  );

  test('finds the data source working: its ping is a column named 1, in a plain block', async () => {
    const bytes = await ask(
      'SELECT 1',
      'client_protocol_version=54460&database=routescope&default_format=Native&max_execution_time=65',
    );
    expect(read(bytes, 0)).toEqual([{ '1': 1 }]);
  });

  test('reads no rows as no bytes', async () => {
    const bytes = await ask(
      'SELECT tag FROM routescope.calls',
      'client_protocol_version=54460&database=routescope&default_format=Native',
    );
    expect(bytes.length).toBe(0);
  });
});
