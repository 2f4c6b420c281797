/**
 * Usage: the tokens of one inference, and its laws.
 *
 * - `inputTokens` includes cache reads and cache writes (GenAI conventions; Anthropic's API field does not).
 * - `outputTokens` includes reasoning.
 * - `cacheWrite1hTokens` is a part of `cacheWriteTokens` (Anthropic's dearer one-hour cache).
 * - Unknown is null, never 0.
 */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly cacheWrite1hTokens: number | null;
  readonly reasoningTokens: number | null;
}

/** Nothing is known of the tokens. */
export const unknownUsage: Usage = Object.freeze({
  inputTokens: null,
  outputTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  cacheWrite1hTokens: null,
  reasoningTokens: null,
});
