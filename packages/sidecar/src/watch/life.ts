/** What becomes of an alarm: pure, from what the query says and what people have said since. */
import type { DriftRow } from '@routescope/panels';

export type Direction = 'rise' | 'fall';
export type AlarmState = 'opened' | 'recovered' | 'accepted' | 'route_changed';

export interface Step {
  readonly direction: Direction;
  readonly state: 'opened' | 'recovered';
  /** The question about the alarm against the baseline, whose numbers are the alarm's. */
  readonly row: DriftRow;
}

/**
 * Which alarms of a key open now, and which are over by themselves.
 * @param rows every question about one key.
 */
export function stepsOf(rows: readonly DriftRow[]): Step[] {
  const steps: Step[] = [];
  for (const direction of ['rise', 'fall'] as const) {
    const row = rows.find(({ question }) => question === direction);
    if (!row) continue;
    const recovery = rows.find(({ question }) => question === `${direction}_recovery`);
    if (row.is_open === 0) {
      if (row.alarm === 1) steps.push({ direction, state: 'opened', row });
    } else if (recovery && isOver(recovery, row)) steps.push({ direction, state: 'recovered', row });
  }
  return steps;
}

/**
 * The mirrored evidence is there, and the rate is nearer to the old one than to the incident's: an incident's first
 * minutes are its worst, so some way back is nothing yet.
 */
export function isOver(
  recovery: Pick<DriftRow, 'alarm' | 'rate_before' | 'rate_after'>,
  against: Pick<DriftRow, 'rate_before'>,
): boolean {
  if (recovery.alarm !== 1 || recovery.rate_before === null || recovery.rate_after === null) return false;
  const before = against.rate_before ?? 0;
  const middle = Math.sqrt(before * recovery.rate_before);
  return before < recovery.rate_before ? recovery.rate_after <= middle : recovery.rate_after >= middle;
}
