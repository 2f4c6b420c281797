/** What was received and what became of it. All but the last two count spans. */
export interface ReceiveCounters {
  /** Spans in requests that were answered with 200. */
  received: number;
  /** Seen lately; dropped. */
  duplicate: number;
  /** Without usable ids; said in partial_success. */
  rejected: number;
  /** On disk. */
  spooled: number;
  /** Spans in requests that were not taken: the spool was full or the disk failed. The sender was told to send again. */
  refused: number;
  /** Requests that could not be read. */
  malformedRequests: number;
  /** Content attributes cut, by the name of what they matched. */
  cutAttributes: Record<string, number>;
}

export const createCounters = (): ReceiveCounters => ({
  received: 0,
  duplicate: 0,
  rejected: 0,
  spooled: 0,
  refused: 0,
  malformedRequests: 0,
  cutAttributes: {},
});
