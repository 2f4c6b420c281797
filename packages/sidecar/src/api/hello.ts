/**
 * The first question of ClickHouse's Go driver, which Grafana's plugin is built on. Its answer is read in the format of
 * the revision the client speaks, before anything is agreed; it names revision 0, and from then on the driver reads what
 * the engine writes: plain Native blocks.
 */

const question = /^\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*;?\s*$/i;

export const isHello = (sql: string): boolean => question.test(sql);

/** From which revision on a block begins with its info, and each column with a byte for its serialization. */
const infoSince = 1;
const serializationSince = 54_454;

/**
 * @param version the engine's, e.g. `26.7.2.1`.
 * @param revision what the client said in `client_protocol_version`, 0 when it said nothing.
 * @returns a Native block of one row.
 */
export function helloBlock(version: string, revision: number): Buffer {
  const parts: Buffer[] = [];
  if (revision >= infoSince) parts.push(Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]));
  const columns: readonly (readonly [name: string, type: string, value: Buffer])[] = [
    ['displayName()', 'String', text('routescope')],
    ['version()', 'String', text(version)],
    ['revision()', 'UInt32', Buffer.alloc(4)],
    ['timezone()', 'String', text('UTC')],
  ];
  parts.push(Buffer.from([columns.length, 1]));
  for (const [name, type, value] of columns) {
    parts.push(text(name), text(type));
    if (revision >= serializationSince) parts.push(Buffer.from([0]));
    parts.push(value);
  }
  return Buffer.concat(parts);
}

/** Behind its length; all of ours are shorter than 128 bytes. */
const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
