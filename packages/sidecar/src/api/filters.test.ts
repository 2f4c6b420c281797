/** Ad-hoc filters as Grafana's plugin writes them, and as somebody would who wants more than to filter. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sidecar, startSidecar } from '../pipeline.ts';
import { liftFilters, safeFilters } from './filters.ts';

const select = 'SELECT tag FROM routescope.calls AS c';

describe('a clause behind the statement', () => {
  test.each([
    [
      `${select}\nsettings additional_table_filters={'routescope.calls' : ' tag = \\'x\\' '}`,
      "{'routescope.calls' : ' tag = \\'x\\' '}",
    ],
    [`${select} SETTINGS additional_table_filters = {}`, '{}'],
  ])('is taken off: %s', (sql, filters) => {
    expect(liftFilters(sql)).toEqual({ sql: select, filters });
  });

  test.each([
    `${select} SETTINGS readonly = 0`,
    `${select} SETTINGS readonly = 0, additional_table_filters={}`,
    `${select} SETTINGS additional_table_filters={}, readonly = 0`,
    `SELECT * FROM (${select} SETTINGS additional_table_filters={})`,
    `${select} WHERE tag = 'settings additional_table_filters={}'`,
  ])('stays, for the guard to judge: %s', (sql) => {
    expect(liftFilters(sql)).toEqual({ sql, filters: undefined });
  });
});

describe('a filter', () => {
  test.each([
    [" tag = 'x' ", "`tag` = 'x'"],
    [" tag != 'it\\'s \\\\ it' ", "`tag` != 'it\\'s \\\\ it'"],
    [" `tag` = 'a' AND duration_s >= 1.5 OR cost_usd < 3 ", "`tag` = 'a' AND `duration_s` >= 1.5 OR `cost_usd` < 3"],
    [" tag REGEXP '^a.*' AND tier NOT REGEXP 'b' ", "`tag` REGEXP '^a.*' AND `tier` NOT REGEXP 'b'"],
    [" tag LIKE 'a%' AND tag not ilike 'B%' ", "`tag` LIKE 'a%' AND `tag` NOT ILIKE 'B%'"],
    [" tag IN ('a', 'b') AND tag NOT IN (NULL) ", "`tag` IN ('a', 'b') AND `tag` NOT IN (NULL)"],
    [" SpanAttributes['http.route'] = '/x' ", "`SpanAttributes`['http.route'] = '/x'"],
  ])('%s is written anew', (condition, written) => {
    const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    expect(safeFilters(`{'routescope.calls' : ${literal(condition)}}`)).toBe(
      `{'routescope.calls': ${literal(written)}}`,
    );
  });

  test.each([
    "1 = (SELECT file('/etc/passwd'))",
    "tag = file('/etc/passwd')",
    "tag = 'a' OR sleep(3)",
    "file('/etc/passwd') = 'a'",
    "tag = 'a' OR 1",
    "tag IN (SELECT 'a')",
    'tag = tier',
    "tag = 'a' UNION ALL",
    "tag = 'a' -- \n OR file('x')",
    "lower(tag) = 'a'",
    "`file('x')` = 'a'",
    "tag = 'a'; DROP TABLE x",
    "tag == 'a'",
    'tag = {x:String}',
    "tag = 'never ends",
    '',
  ])('%j is refused', (condition) => {
    const literal = `'${condition.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    expect(() => safeFilters(`{'routescope.calls' : ${literal}}`)).toThrow(/^filters/);
  });

  test.each([
    "{'system.tables' : 'name = 1'}",
    "{'a' : 'b = 1'} , readonly",
    "{'a' 'b = 1'}",
    "{file('x') : 'a = 1'}",
    '{',
  ])('%s is refused as a whole', (map) => {
    expect(() => safeFilters(map)).toThrow(/^filters/);
  });
});

describe('through the query endpoint', () => {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-filters-'));
  let sidecar: Sidecar;
  beforeAll(async () => {
    sidecar = await startSidecar({ dataDirectory: directory, port: 0, watch: { everySeconds: 0 } });
    await sidecar.engine.writer.command({
      query: `INSERT INTO routescope.calls (call_id, tag, started_at, attempt_count)
        SELECT toString(number), ['a', 'b', 'it''s'][1 + number % 3], now(), 1 FROM numbers(9)`,
    });
  });
  afterAll(async () => {
    await sidecar.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const ask = async (sql: string, parameters = ''): Promise<string> =>
    (await fetch(`${sidecar.url}/query${parameters}`, { method: 'POST', body: sql })).text();
  const counted = 'SELECT c.tag, count() FROM routescope.calls AS c GROUP BY tag ORDER BY tag';

  test('the rows of a table are filtered, by a clause or by a parameter', async () => {
    const filters = String.raw`{'routescope.calls' : ' tag IN (\'a\', \'it\\\'s\') '}`;
    expect(await ask(`${counted}\nsettings additional_table_filters=${filters}`)).toBe("a\t3\nit\\'s\t3\n");
    expect(await ask(counted, `?additional_table_filters=${encodeURIComponent(filters)}`)).toBe("a\t3\nit\\'s\t3\n");
    expect(await ask(`${counted} settings additional_table_filters={}`)).toBe("a\t3\nb\t3\nit\\'s\t3\n");
  });

  test('what is no filter is refused with a sentence', async () => {
    const filters = String.raw`{'routescope.calls' : ' tag = (SELECT file(\'/etc/passwd\')) '}`;
    expect(await ask(`${counted} settings additional_table_filters=${filters}`)).toMatch(
      /^Code: 497. DB::Exception: filters: expected a value, not \(/,
    );
  });

  test('the plugin is told which version it talks to, before it offers filters', async () => {
    expect(await ask('SELECT version()')).toMatch(/^\d+\.\d+\./);
  });
});
