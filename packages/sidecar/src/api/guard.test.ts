import { describe, expect, test } from 'vitest';
import { refusal } from './guard.ts';

describe('what a plain read may say', () => {
  test.each([
    'SELECT 1',
    'select tag, sum(calls) AS calls from routescope.calls_1m group by tag having calls > 10 order by calls desc limit 5',
    "WITH a AS (SELECT * FROM routescope.calls WHERE tag = 'it''s; file(x)') SELECT count() FROM a FORMAT JSONEachRow",
    'SELECT quantilesTDigestMerge(0.5, 0.95)(duration_s)[2] FROM routescope.calls_1m WHERE minute >= {from:DateTime} -- file(1)',
    "SELECT \"tag\", `calls` FROM routescope.calls_1m /* url('x') */ WHERE tag IN ('a', 'b')",
    'SELECT arrayMap(x -> x + 1, [1, 2]), CAST(1 AS Nullable(Float64)), sum(1) OVER (PARTITION BY tag) FROM routescope.calls',
  ])('%s', (sql) => {
    expect(refusal(sql)).toBeUndefined();
  });
});

describe('what it may not', () => {
  test.each([
    ["SELECT file('/etc/passwd')", 'file'],
    ["SELECT `file`('/etc/passwd')", 'file'],
    ['SELECT "file"(\'/etc/passwd\')', 'file'],
    ["SELECT FILE /* */ ('/etc/passwd')", 'FILE'],
    ["SELECT arrayMap(file, ['/etc/passwd'])", 'file'],
    ['SELECT * APPLY(hex) FROM routescope.calls', 'APPLY'],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", 'INTO'],
    ['SELECT * FROM (SELECT 1 SETTINGS readonly = 0)', 'SETTINGS'],
    ["SELECT * FROM url('http://127.0.0.1/', 'CSV')", 'url'],
    ['SELECT * FROM system.tables', 'system'],
    ['SELECT * FROM {t:Identifier}', 'Identifier'],
    ['SELECT 1; DROP TABLE routescope.calls', 'semicolon'],
    ['DROP TABLE routescope.calls', 'Only a single SELECT'],
    ['INSERT INTO routescope.calls SELECT 1', 'Only a single SELECT'],
    ['EXPLAIN AST SELECT 1', 'Only a single SELECT'],
    ['SELECT * FROM (EXPLAIN PLAN SELECT 1)', 'EXPLAIN'],
    ['SELECT sleep(3)', 'sleep'],
    ["SELECT eval('1')", 'eval'],
    ["SELECT dictGet('a', 'b', 1)", 'dictGet'],
    ['SELECT notInTheList(1)', 'notInTheList'],
    ["SELECT 'never ends", 'not allowed'],
    ['SELECT 1 /* never ends', 'comment'],
    ['SELECT 1 /* a /* b */ c */', 'comment'],
    ["SELECT $tag$file('x')$tag$", 'not allowed'],
    ['SELECT 1 FORMAT JSON SELECT 2', 'FORMAT'],
  ])('%s', (sql, says) => {
    expect(refusal(sql)).toContain(says);
  });
});
