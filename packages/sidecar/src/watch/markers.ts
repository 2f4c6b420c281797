/** Releases as the detector takes them: minutes at which a change is likelier than at others. */
import type { Marker } from './evidence.ts';
import { fullMarkersPerWeek, markerShare } from './settings.ts';

const halfHour = 30;
const halfHoursPerWeek = 336;

/**
 * What happened within one half hour is one release; those of a week share what a few get.
 * @param minutes epoch minutes, in any order.
 * @param threshold of the key, minutes.
 */
export function markersOf(minutes: readonly number[], threshold: number): Marker[] {
  const first = new Map<number, number>();
  for (const minute of minutes) {
    const half = Math.floor(minute / halfHour);
    first.set(half, Math.min(first.get(half) ?? minute, minute));
  }
  const halves = [...first.keys()].sort((a, b) => a - b);
  return halves.map((half) => {
    const lately = halves.filter((other) => other <= half && other >= half - halfHoursPerWeek).length;
    return {
      minute: first.get(half) as number,
      weight: markerShare * threshold * Math.min(1, fullMarkersPerWeek / lately),
    };
  });
}
