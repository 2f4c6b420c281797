/**
 * Usage: the tokens of one inference, and its laws.
 *
 * - `inputTokens` includes cache reads and cache writes (GenAI conventions; Anthropic's API field does not).
 * - `outputTokens` includes reasoning, audio and predictions that were rejected: all that is billed as output.
 * - Every other count of tokens is a part of one of the two.
 * - Unknown is null or absent, never 0.
 */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  /** Part of `cacheWriteTokens`: Anthropic's dearer one-hour cache. */
  readonly cacheWrite1hTokens: number | null;
  readonly reasoningTokens: number | null;

  // What few answers say. Absent: not said.
  /** Part of `cacheWriteTokens`: OpenAI's dearer twelve-hour cache. */
  readonly cacheWrite12hTokens?: number | undefined;
  readonly textInputTokens?: number | undefined;
  readonly audioInputTokens?: number | undefined;
  readonly imageInputTokens?: number | undefined;
  /** Parts of `cacheReadTokens`, and of the input of their kind. */
  readonly cacheReadAudioTokens?: number | undefined;
  readonly cacheReadImageTokens?: number | undefined;
  readonly textOutputTokens?: number | undefined;
  readonly audioOutputTokens?: number | undefined;
  readonly imageOutputTokens?: number | undefined;
  /** Parts of `outputTokens`: of a predicted output, what was kept, and what was thrown away and billed all the same. */
  readonly acceptedPredictionTokens?: number | undefined;
  readonly rejectedPredictionTokens?: number | undefined;
  /** Audio that was billed by its length, seconds. */
  readonly audioSeconds?: number | undefined;
  /** Tools that the provider ran and bills by the call. */
  readonly webSearches?: number | undefined;
  readonly webFetches?: number | undefined;
  readonly fileSearches?: number | undefined;
  /** What was used, is billed, and cannot be counted from the answer: `code_interpreter` … */
  readonly unmetered?: readonly string[] | undefined;
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

/** Whether anything that is billed was said. */
export const isKnown = (usage: Usage): boolean =>
  usage.inputTokens !== null || usage.outputTokens !== null || usage.audioSeconds !== undefined;

/** An inference that the provider made on the way, with a model of its own. Its tokens are not in the answer's. */
export interface Nested {
  /** As the answer says it; the answer's own when it says none. */
  readonly model: string;
  readonly usage: Usage;
}

/** How an answer was served, as far as it changes what it costs. */
export interface Served {
  /** `batch`, `flex`, `priority`, `fast` …; absent for the standard tier. */
  readonly tier?: string | undefined;
  /** Where it was computed, when that has a price: `us`, `eu`. */
  readonly region?: string | undefined;
  /** The answer's own inferences one by one, when there were several: a long-context band counts for each alone. */
  readonly passes?: readonly Usage[] | undefined;
  readonly nested?: readonly Nested[] | undefined;
  /** What the answer says it cost, all in all, pico-USD: gateways and some providers do. */
  readonly saidPico?: number | undefined;
}
