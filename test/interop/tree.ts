/** Spans as whoever received them shows them, and what a routed call's tree must look like. */

export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the root. */
  readonly parentId: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>>;
}

/**
 * Of one session: a root of the app's own, call spans below it, and below each call its attempts in their order.
 * @returns one sentence for each thing that is wrong.
 */
export function wrongInTree(spans: readonly SeenSpan[]): string[] {
  const problems: string[] = [];
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const roots = spans.filter(({ parentId }) => parentId === '');
  if (roots.length !== 1) problems.push(`${roots.length} roots, expected 1`);
  if (new Set(spans.map(({ traceId }) => traceId)).size > 1) problems.push('spans of several traces');
  const calls = spans.filter(({ name }) => name.startsWith('route '));
  if (calls.length === 0) problems.push('no call span');
  for (const call of calls) {
    if (call.parentId !== roots[0]?.spanId) problems.push(`${call.name} does not hang on the root`);
    if (call.name !== `route ${call.tags['routescope.tag']}`) problems.push(`${call.name} has another tag`);
    const attempts = spans.filter(({ parentId }) => parentId === call.spanId);
    if (attempts.length !== Number(call.tags['routescope.attempt.count']))
      problems.push(`${call.name} has ${attempts.length} attempts, says ${call.tags['routescope.attempt.count']}`);
    for (const attempt of attempts) {
      if (attempt.tags['routescope.call.id'] !== call.spanId) problems.push(`${attempt.name} names another call`);
      if (attempt.tags['routescope.tag'] !== call.tags['routescope.tag'])
        problems.push(`${attempt.name} lost the tag of its call`);
    }
  }
  for (const { name, parentId } of spans)
    if (parentId !== '' && !byId.has(parentId)) problems.push(`the parent of ${name} is missing`);
  return problems;
}
