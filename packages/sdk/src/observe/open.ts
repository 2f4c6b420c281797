/**
 * Inferences whose end nobody will tell: their promise was never awaited, or their stream never read to its end. Each
 * is closed when the app has dropped what it held of it, or, if that never happens, when the process ends.
 */

export interface Droppable {
  /** Somebody is reading the answer, or has read it. */
  readonly isTaken: boolean;
  /** Nobody can read on: it ends as it stands. Nothing, when it has ended. */
  drop(): void;
}

/** What the app's promise or stream holds, and the inference does not: when it is gone, nobody can read on. */
export interface Hold {
  readonly inference: Droppable;
}

const open = new Set<Droppable>();
const dropped = new FinalizationRegistry<Droppable>((inference) => inference.drop());

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
  open.add(inference);
}

/** Closes the inference once nobody can reach `hold` any more. */
export function closeWhenDropped(hold: Hold): void {
  if (open.has(hold.inference)) dropped.register(hold, hold.inference);
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
