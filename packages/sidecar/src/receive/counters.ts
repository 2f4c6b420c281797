/** What was received and what became of it. All but the last two count spans, and evaluation results as one each. */
export interface ReceiveCounters {
  /** Spans in requests that were answered with 200. */
  received: number;
  /** Seen lately; dropped. */
  duplicate: number;
  /** Spans without usable ids, logs that are no evaluation results; said in partial_success. */
  rejected: number;
  /** On disk. */
  spooled: number;
  /** Spans in requests that were not taken: the spool was full or the disk failed. The sender was told to send again. */
  refused: number;
  /** Requests that could not be read. */
  malformedRequests: number;
  /** What was cut because it holds content or looks like it, by its name; names beyond a bound under `(other)`. */
  cutAttributes: Record<string, number>;
}

export const createCounters = (): ReceiveCounters => ({
  received: 0,
  duplicate: 0,
  rejected: 0,
  spooled: 0,
  refused: 0,
  malformedRequests: 0,
  cutAttributes: Object.create(null) as Record<string, number>, // names come from senders: `__proto__` is one
});

const maxCutNames = 500;

export function countCut({ cutAttributes }: ReceiveCounters, name: string): void {
  const known = cutAttributes[name];
  if (known !== undefined) cutAttributes[name] = known + 1;
  else {
    const counted = Object.keys(cutAttributes).length < maxCutNames ? name : '(other)';
    cutAttributes[counted] = (cutAttributes[counted] ?? 0) + 1;
  }
}
