/** The watch of a sidecar process, waited for by what it counts. */
import type { SidecarProcess } from './sidecar.ts';

/** A look takes a second or two; a watch that has not managed one by then will not. */
const patienceMs = 60_000;

/** Waits until the watch has looked so many times more. @throws Error when it does not. */
export async function looks(sidecar: SidecarProcess, more: number): Promise<void> {
  const count = async (): Promise<number> => {
    const page = await (await fetch(`${sidecar.url}/metrics`)).text();
    return Number(/^routescope_drift_looks_total (\d+)$/m.exec(page)?.[1] ?? 0);
  };
  const giveUpAt = performance.now() + patienceMs;
  for (const until = (await count()) + more; (await count()) < until; ) {
    if (performance.now() > giveUpAt) throw new Error(`the watch did not look within ${patienceMs / 1_000} s`);
    await new Promise((again) => setTimeout(again, 100));
  }
}
