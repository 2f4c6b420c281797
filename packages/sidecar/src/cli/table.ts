/** Numbers and tables as plain text of at most 100 columns. */
import type { Unit } from '@routescope/panels';

export interface Cell {
  readonly text: string;
  /** Text stands left, numbers stand right. */
  readonly left?: boolean;
  /** Colours the padded text, so that colour does not count as width. */
  readonly paint?: (padded: string) => string;
}

const lineWidth = 96;

/** Rows of as many cells each, padded to the widest of their column. */
export function alignedTable(rows: readonly (readonly Cell[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.text.length ?? 0)));
  return rows
    .map((row) => {
      const padded = row.map(({ text, left, paint = same }, column) => {
        const width = widths[column] ?? 0;
        return paint(left ? text.padEnd(width) : text.padStart(width));
      });
      return `  ${padded.join('  ')}`.trimEnd();
    })
    .join('\n');
}

const same = (text: string): string => text;

/** Breaks a sentence into lines, each behind `indent`. */
export function wrapped(text: string, indent = '  '): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1] as string;
    if (line !== '' && indent.length + line.length + 1 + word.length > lineWidth) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => indent + line).join('\n');
}

export const count = (value: number): string => value.toLocaleString('en-US');

/**
 * One number with its unit.
 * @param column all numbers of the column: money gets as many digits as its smallest amount needs to show three.
 */
export function number(value: number, unit: Unit, column: readonly (number | null)[]): string {
  switch (unit) {
    case 'count':
      return count(value);
    case 'share':
      return `${(value * 100).toFixed(1)} %`;
    case 's':
      return `${value.toFixed(3)} s`;
    case 'score':
    case 'number':
      return value.toFixed(3);
    case 'usd': {
      const smallest = Math.min(
        ...column.filter((amount) => amount !== null && amount !== 0).map((amount) => Math.abs(amount as number)),
      );
      const digits = Number.isFinite(smallest) ? Math.min(Math.max(2 - Math.floor(Math.log10(smallest)), 2), 9) : 2;
      const amount = Math.abs(value).toLocaleString('en-US', {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
      return `${value < 0 ? '-' : ''}$${amount}`;
    }
  }
}
