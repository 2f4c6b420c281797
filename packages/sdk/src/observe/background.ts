/**
 * Responses that go on in the background: asked for once, and looked at later with `retrieve`. Such an inference stays
 * open until the app has seen how it ended, so that it is one span, with the usage that only the end says.
 */
import type { Droppable } from './open.ts';

/** Of one process. Beyond it, the one that has waited longest ends as it stands. */
const mostWaiting = 1_000;
/** After which nobody is expected to look any more. */
const longestMs = 3_600_000;

interface Waiting {
  readonly inference: Droppable;
  readonly timer: NodeJS.Timeout;
}

/** By the ids of their answers, which no two have in common, whichever client asks. */
const waiting = new Map<string, Waiting>();

/** Keeps the inference of that answer open. */
export function wait(id: string, inference: Droppable): void {
  noLonger(id);
  const timer = setTimeout(() => letGo(id), longestMs).unref();
  waiting.set(id, { inference, timer });
  const [oldest] = waiting.keys();
  if (waiting.size > mostWaiting && oldest !== undefined) letGo(oldest);
}

/** The inference of that answer, if it waits for its end. */
export const waitingFor = <I extends Droppable>(id: unknown): I | undefined =>
  typeof id === 'string' ? (waiting.get(id)?.inference as I | undefined) : undefined;

/** It has come to its end. */
export function noLonger(id: string): void {
  clearTimeout(waiting.get(id)?.timer);
  waiting.delete(id);
}

function letGo(id: string): void {
  const inference = waiting.get(id)?.inference;
  noLonger(id);
  inference?.drop();
}
