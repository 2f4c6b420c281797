/** A golden set from a file: JSON lines, one JSON array (or `{"rows": […]}`), or CSV with a header. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { ChatInput, RouteSignals } from '@routescope/sdk/router';

export interface GoldenRow {
  /** File and place, for errors. */
  readonly where: string;
  readonly input: ChatInput;
  readonly signals: RouteSignals;
  /** A complexity (SIMPLE, MODERATE, COMPLEX), a tier's name or its rank. */
  readonly expected: string;
  readonly tag: string | undefined;
  /** What a classifier said of it, as recorded. */
  readonly classifierAnswer: string | undefined;
  /** What each tier answered, as recorded, by the tier's name or rank. */
  readonly answers: Readonly<Record<string, string>> | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const textFields = ['query', 'text', 'input', 'prompt', 'question'] as const;
const expectedFields = ['expected', 'complexity', 'label', 'tier', 'expected_tier', 'expected_complexity'] as const;

/** @throws Error that names the file and the row. */
export async function readDataset(path: string): Promise<GoldenRow[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`${path}: the dataset cannot be read`);
  });
  const rows = fieldsOf(text, path).map(([where, fields]) => rowOf(where, fields));
  if (rows.length === 0) throw new Error(`${path}: the dataset has no rows`);
  return rows;
}

function fieldsOf(text: string, path: string): (readonly [string, Fields])[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (extname(path).toLowerCase() === '.csv') {
    const [head = [], ...rows] = csv(trimmed);
    return rows.map((row, index) => [
      `${path}, row ${index + 1}`,
      Object.fromEntries(head.map((name, column) => [name.trim(), row[column] ?? ''])),
    ]);
  }
  const parse = (json: string, where: string): unknown => {
    try {
      return JSON.parse(json);
    } catch (problem) {
      throw new Error(`${where}: no JSON: ${problem instanceof Error ? problem.message : problem}`);
    }
  };
  const lines = trimmed.split('\n').filter((line) => line.trim() !== '');
  const isWhole = trimmed.startsWith('[') || (trimmed.startsWith('{') && !isJson(lines[0] ?? ''));
  if (!isWhole && !(lines.length === 1 && hasRows(lines[0] as string)))
    return lines.map((line, index) => [
      `${path}, line ${index + 1}`,
      parse(line, `${path}, line ${index + 1}`) as Fields,
    ]);
  const whole = parse(trimmed, path) as { rows?: unknown };
  const list = Array.isArray(whole) ? whole : whole.rows;
  if (!Array.isArray(list)) throw new Error(`${path}: expected an array of rows, or {"rows": [ … ]}`);
  return list.map((fields, index) => [`${path}, row ${index + 1}`, fields as Fields]);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const hasRows = (text: string): boolean =>
  isJson(text) && Array.isArray((JSON.parse(text) as { rows?: unknown })?.rows);

function rowOf(where: string, fields: Fields): GoldenRow {
  if (typeof fields !== 'object' || fields === null) throw new Error(`${where}: expected an object`);
  const messages = fields['messages'] ?? (fields['input'] as { messages?: unknown } | null)?.messages;
  const text = textFields.map((name) => fields[name]).find((value) => typeof value === 'string') as string | undefined;
  if (text === undefined && !Array.isArray(messages))
    throw new Error(`${where}: there is no ${textFields.join(', ')} or messages`);
  const input = (Array.isArray(messages) ? { messages } : { messages: [{ role: 'user', content: text }] }) as ChatInput;
  const asked = text ?? input.messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const expected = expectedFields.map((name) => fields[name]).find((value) => value !== undefined && value !== '');
  if (expected === undefined) throw new Error(`${where}: there is no ${expectedFields.join(', ')}`);
  const optional = (...names: string[]): string | undefined =>
    names.map((name) => fields[name]).find((value) => typeof value === 'string' && value !== '') as string | undefined;
  const scores = fields['retrieval_scores'] ?? fields['retrievalScores'];
  const retrievalScores = (
    Array.isArray(scores) ? scores : typeof scores === 'string' ? scores.split(/[\s,;|]+/).filter(Boolean) : []
  )
    .map(Number)
    .filter((score) => Number.isFinite(score));
  const feature = optional('feature');
  const userSegment = optional('user_segment', 'userSegment', 'user_tier');
  const answers = fields['answers'];
  return {
    where,
    input,
    signals: {
      text: asked,
      ...(feature !== undefined && { feature }),
      ...(userSegment !== undefined && { userSegment }),
      ...(retrievalScores.length > 0 && { retrievalScores }),
      ...(fields['structured'] !== undefined && {
        structured: fields['structured'] === true || fields['structured'] === 'true',
      }),
    },
    expected: String(expected),
    tag: optional('tag'),
    classifierAnswer: optional('classifier_answer', 'classifierAnswer'),
    answers: typeof answers === 'object' && answers !== null ? (answers as Record<string, string>) : undefined,
  };
}

/** RFC 4180: quotes, doubled quotes, line breaks inside them. */
function csv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    const row = rows.at(-1) as string[];
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '') break;
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ''));
}
