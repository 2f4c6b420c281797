/** Releases as the detector takes them: minutes at which a change is likelier than at others. */
import type { Marker } from './evidence.ts';
import { fullMarkersPerWeek, markerShare } from './settings.ts';

const halfHour = 30;
const halfHoursPerWeek = 336;

/**
 * What happened within one half hour is one release; those of a week share what a few get.
 * @param releases epoch minutes, in any order.
 * @param threshold of the key, minutes.
 */
export function markersOf(
  releases: readonly { readonly at: number; readonly until?: number | undefined }[],
  threshold: number,
): Marker[] {
  const first = new Map<number, { readonly at: number; readonly until?: number | undefined }>();
  for (const release of releases) {
    const half = Math.floor(release.at / halfHour);
    const known = first.get(half);
    // One that lasts stands for its half hour before one that does not.
    if (!known || ending(release) > ending(known) || (ending(release) === ending(known) && release.at < known.at))
      first.set(half, release);
  }
  const halves = [...first.keys()].sort((a, b) => a - b);
  return halves.map((half) => {
    const lately = halves.filter((other) => other <= half && other >= half - halfHoursPerWeek).length;
    const { at, until } = first.get(half) as { at: number; until?: number };
    return { minute: at, until, weight: markerShare * threshold * Math.min(1, fullMarkersPerWeek / lately) };
  });
}

const ending = ({ until = Number.POSITIVE_INFINITY }: { readonly until?: number | undefined }): number => until;
