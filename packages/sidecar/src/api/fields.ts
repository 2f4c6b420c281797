/** Reads the fields of a JSON body. What is wrong is added to `problems`, by name, so that one answer names all of it. */

const maxText = 2_000;

export function record(value: unknown, where: string, problems: string[]): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push(`${where}: expected an object`);
  return {};
}

export function text(value: unknown, where: string, problems: string[], most = maxText): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' && value.length <= most) return value;
  problems.push(`${where}: expected a text of at most ${most} characters`);
  return '';
}

export function required(value: unknown, where: string, problems: string[]): string {
  if (typeof value === 'string' && value !== '') return text(value, where, problems);
  problems.push(`${where}: expected a text that is not empty`);
  return '';
}

export function number(value: unknown, where: string, problems: string[]): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  problems.push(`${where}: expected a number`);
  return null;
}

/** Epoch milliseconds to the engine's seconds with six decimals. */
export function time(value: unknown, where: string, problems: string[]): string {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 4e12)
    return (value / 1000).toFixed(6);
  problems.push(`${where}: expected epoch milliseconds`);
  return '0';
}

/** As `time`; null when it is left out. */
export const optionalTime = (value: unknown, where: string, problems: string[]): string | null =>
  value === undefined || value === null ? null : time(value, where, problems);
