/**
 * Inferences whose end nobody will tell: their promise was never awaited, or their stream never read to its end. Each
 * is closed when the app has dropped what it held of it, or, if that never happens, when the process ends.
 */

export interface Droppable {
  /** Whether it is open, and its neighbours in the list of what is: a Set of them costs a hash and a table. */
  isOpen: boolean;
  next: Droppable | undefined;
  previous: Droppable | undefined;
  /** Somebody is reading the answer, or has read it. */
  readonly isTaken: boolean;
  /** It goes on where nobody reads, and may be looked at again. */
  readonly isWaiting: boolean;
  /** Nobody can read on: it ends as it stands. Nothing, when it has ended. */
  drop(): void;
}

/** What the app's promise or stream holds, and the inference does not: when it is gone, nobody can read on. */
export interface Hold {
  readonly inference: Droppable;
}

/** The youngest of all that are open. */
let youngest: Droppable | undefined;
const dropped = new FinalizationRegistry<Droppable>((inference) => {
  if (!inference.isWaiting) inference.drop();
});

/**
 * Answers that came a moment ago. Nearly every one is taken at once, and a finalizer costs more than all the rest of
 * watching: so only what is still untaken when the moment is over gets one.
 */
let answered: Hold[] = [];
let sweep: NodeJS.Timeout | undefined;
/** ms */
const aMoment = 10;

/** The inference has begun. */
export function opened(inference: Droppable): void {
  inference.isOpen = true;
  inference.next = youngest;
  if (youngest) youngest.previous = inference;
  youngest = inference;
}

/** Closes the inference once nobody can reach `hold` any more. */
export function closeWhenDropped(hold: Hold): void {
  if (hold.inference.isOpen) dropped.register(hold, hold.inference);
}

/** Does so if the answer is not taken in a moment. */
export function closeUnlessTaken(hold: Hold): void {
  answered.push(hold);
  if (sweep === undefined) sweep = setTimeout(giveFinalizers, aMoment).unref();
}

function giveFinalizers(): void {
  sweep = undefined;
  const holds = answered;
  answered = [];
  for (const hold of holds) if (!hold.inference.isTaken) closeWhenDropped(hold);
}

/**
 * Ends the spans of inferences whose result nobody holds any more, as far as the garbage collector knows by now: for a
 * flush. What the app still holds stays open: it may read on.
 * @returns whether any is still open.
 */
export async function closeDroppedInferences(): Promise<boolean> {
  if (youngest === undefined) return false;
  clearTimeout(sweep);
  giveFinalizers();
  // Finalizers run in turns of their own.
  for (let turn = 0; turn < 2; turn++) await new Promise((later) => setImmediate(later));
  return youngest !== undefined;
}

/** The inference has come to its end. */
export function closed(inference: Droppable): void {
  if (!inference.isOpen) return;
  const { next, previous } = inference;
  if (previous) previous.next = next;
  else youngest = next;
  if (next) next.previous = previous;
  inference.isOpen = false;
  // What has ended keeps no other alive.
  inference.next = undefined;
  inference.previous = undefined;
}

/**
 * Ends the spans of all inferences that are still open, as never awaited, never read or abandoned: for the end of the
 * process, before the last flush.
 * @returns how many there were.
 */
export function closeOpenInferences(): number {
  let count = 0;
  for (; youngest; count++) {
    const inference = youngest;
    inference.drop();
    closed(inference); // as it does itself, unless it is broken
  }
  return count;
}
