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

/** Closes the inference once nobody can reach `held` any more. The inference itself must not hold it. */
export function closeWhenDropped(held: object, inference: Droppable): void {
  open.add(inference);
  dropped.register(held, inference, inference);
}

/** The inference has come to its end. */
export function closed(inference: Droppable): void {
  if (open.delete(inference)) dropped.unregister(inference);
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
