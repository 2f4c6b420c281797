/** Puts dead letters back: each file is inserted again, under its own token, and removed once it is in the tables. */
import type { DeadLetters } from './dead-letter.ts';
import type { Insert } from './insert.ts';

export interface Replayed {
  readonly files: number;
  /** Spans that are in the tables now. */
  readonly stored: number;
  /** Spans refused again; their files stay. */
  readonly refused: number;
  /** One sentence for each file that stays. */
  readonly problems: readonly string[];
}

export async function replay(letters: DeadLetters, insert: Insert): Promise<Replayed> {
  let stored = 0;
  let refused = 0;
  const problems: string[] = [];
  const listed = await letters.list();
  for (const { name, path, letter, problem } of listed) {
    if (!letter) {
      problems.push(`${path} stays: ${problem}`);
      continue;
    }
    try {
      await insert(path, letter.token);
      await letters.remove(name);
      stored += letter.spans;
    } catch (problem) {
      refused += letter.spans;
      problems.push(`${path}: ${problem instanceof Error ? problem.message.slice(0, 300) : String(problem)}`);
    }
  }
  return { files: listed.length, stored, refused, problems };
}
