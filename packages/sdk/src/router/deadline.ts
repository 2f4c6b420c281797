/** The time an attempt may take, also where its code does not listen to the signal. */

/** Calls `fn` in `ms`, unless what it returns is called before. */
export type Timer = (ms: number, fn: () => void) => () => void;

export const systemTimer: Timer = (ms, fn) => {
  const timer = setTimeout(fn, Math.min(ms, 2 ** 31 - 1));
  return () => clearTimeout(timer);
};

/**
 * Runs `run` with a signal that aborts when `signal` does or the time is up.
 * @throws a DOMException called TimeoutError when it is up first, whatever `run` makes of the signal.
 */
export async function withDeadline<T>(
  ms: number | undefined,
  signal: AbortSignal | undefined,
  timer: Timer,
  run: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (ms === undefined || ms === Number.POSITIVE_INFINITY) return run(signal);
  const late = new AbortController();
  let timedOut: DOMException | undefined;
  let cancel = (): void => {};
  const isLate = new Promise<never>((_, failed) => {
    cancel = timer(Math.max(0, ms), () => {
      timedOut = new DOMException(`no answer within ${Math.round(ms)} ms`, 'TimeoutError');
      late.abort(timedOut);
      failed(timedOut);
    });
  });
  const running = run(signal ? AbortSignal.any([signal, late.signal]) : late.signal);
  try {
    return await Promise.race([running, isLate]);
  } catch (error) {
    // What the abandoned run says later is of no interest to anybody.
    running.catch(() => {});
    throw timedOut !== undefined && !signal?.aborted ? timedOut : error;
  } finally {
    cancel();
  }
}
