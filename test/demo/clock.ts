/**
 * Days in seconds: every session has a clock of its own that began somewhere in the past days, runs on with the real
 * one, and jumps by the time that a model or a wait would have taken. Nothing sleeps.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Moment {
  readonly startedAt: number;
  readonly really: number;
  /** Simulated time on top of the real, in ms. */
  lag: number;
}

const moments = new AsyncLocalStorage<Moment>();

/** Runs `fn` with its own time, from `startedAt` (epoch ms). */
export const at = <T>(startedAt: number, fn: () => T): T =>
  moments.run({ startedAt, really: performance.now(), lag: 0 }, fn);

/** Epoch ms in the simulation. */
export function clock(): number {
  const moment = moments.getStore();
  if (!moment) return performance.timeOrigin + performance.now();
  return moment.startedAt + (performance.now() - moment.really) + moment.lag;
}

/** Time passes. */
export function pass(ms: number): void {
  const moment = moments.getStore();
  if (moment) moment.lag += ms;
}
