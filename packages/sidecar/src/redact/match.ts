/**
 * Patterns of attribute names. One that ends with a dot stands for all names that begin with it; `#` stands for a number,
 * `*` for one part of the name.
 */

/** Says which pattern a name falls under. */
export type Matcher = (name: string) => string | undefined;

export function matcher(patterns: readonly string[]): Matcher {
  const exact = new Set(patterns.filter((pattern) => !/[#*]|\.$/.test(pattern)));
  const others = patterns
    .filter((pattern) => !exact.has(pattern))
    .map((pattern) => {
      const escaped = pattern
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replace(/#/g, '\\d+')
        .replace(/\*/g, '[^.]+');
      return { pattern, matches: new RegExp(`^${escaped}${pattern.endsWith('.') ? '.' : '$'}`) };
    });
  return (name) => (exact.has(name) ? name : others.find(({ matches }) => matches.test(name))?.pattern);
}

/** The same for a name that stands in bytes. */
export function bytesMatcher(
  patterns: readonly string[],
): (bytes: Uint8Array, start: number, end: number) => string | undefined {
  const match = matcher(patterns);
  return (bytes, start, end) =>
    match(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
}
