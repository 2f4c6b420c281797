/**
 * Inferences whose end nobody will tell: their promise was never awaited, or their stream never read to its end. Each
 * is closed when the app has dropped what it held of it, or, if that never happens, when the process ends.
 */

export interface Droppable {
  /** Nobody can read on: it ends as it stands. */
  drop(): void;
}

const open = new Set<Droppable>();
const dropped = new FinalizationRegistry<Droppable>((inference) => inference.drop());

/**
 * Answers that are there and not taken yet. Nearly every one is taken at once, and a finalizer costs more than all the
 * rest of watching: so only what is still here a moment later gets one.
 */
const untaken = new Map<Droppable, object>();
let sweep: NodeJS.Timeout | undefined;
/** ms */
const aMoment = 10;

/** The inference has begun. */
export function opened(inference: Droppable): void {
  open.add(inference);
}

/** Closes the inference once nobody can reach `held` any more. The inference itself must not hold it. */
export function closeWhenDropped(held: object, inference: Droppable): void {
  if (open.has(inference)) dropped.register(held, inference, inference);
}

/** Does so if the answer is not taken in a moment. */
export function closeUnlessTaken(held: object, inference: Droppable): void {
  untaken.set(inference, held);
  if (sweep === undefined) sweep = setTimeout(giveFinalizers, aMoment).unref();
}

/** The answer is taken: its reader will tell the end. */
export function answerTaken(inference: Droppable): void {
  if (!untaken.delete(inference)) dropped.unregister(inference);
}

function giveFinalizers(): void {
  sweep = undefined;
  for (const [inference, held] of untaken) closeWhenDropped(held, inference);
  untaken.clear();
}

/**
 * Ends the spans of inferences whose result nobody holds any more, as far as the garbage collector knows by now: for a
 * flush. What the app still holds stays open: it may read on.
 */
export async function closeDroppedInferences(): Promise<void> {
  if (open.size === 0) return;
  clearTimeout(sweep);
  giveFinalizers();
  // Finalizers run in turns of their own.
  for (let turn = 0; turn < 2; turn++) await new Promise((later) => setImmediate(later));
}

/** The inference has come to its end. */
export function closed(inference: Droppable): void {
  open.delete(inference);
  untaken.delete(inference);
}

/**
 * Ends the spans of all inferences that are still open, as never awaited, never read or abandoned: for the end of the
 * process, before the last flush.
 * @returns how many there were.
 */
export function closeOpenInferences(): number {
  const count = open.size;
  for (const inference of open) inference.drop();
  return count;
}
