/** Asks `sql/drift.sql`: has the rate of a signal changed for a key? */
import { readFileSync } from 'node:fs';
import type { Ask } from './read.ts';

/** The three sentences of a user and what follows from them; parameters of the statement. */
export interface DriftParameters {
  /** `fallback`, `latency`, `cost`, `override`, `routing`, `score:<rubric>`. */
  readonly signal: string;
  /** Multiple of the earlier rate the alarm is tuned to. */
  readonly multiple: number;
  /** Rises below this share of the earlier rate are no news. */
  readonly wobble: number;
  /** Least mean time between false alarms of one tag, and of all together, weeks. */
  readonly weeks_per_tag: number;
  readonly weeks_in_all: number;
  /** A release marker's share of the threshold, and how many a week get all of it. */
  readonly marker_share: number;
  readonly markers_per_week: number;
}

/** Alert about a doubling; at most one false alarm per tag a month and one a week in all; ignore wobble below 10 %. */
export const driftDefaults: DriftParameters = {
  signal: 'fallback',
  multiple: 2,
  wobble: 0.1,
  weeks_per_tag: 4,
  weeks_in_all: 1,
  marker_share: 0.05,
  markers_per_week: 2,
};

export type DriftQuestion = 'rise' | 'fall' | 'rise_recovery' | 'fall_recovery';

/** One row per key and question; times as the store gives them, `2026-11-10 07:00:00`, UTC. */
export interface DriftRow {
  readonly signal: string;
  readonly environment: string;
  readonly tag: string;
  readonly first_model: string;
  readonly question: DriftQuestion;
  /** How long a healthy key takes, on average, to show as much. */
  readonly evidence_minutes: number;
  readonly evidence_weeks: number;
  readonly threshold_minutes: number;
  /** 1 when the evidence has reached the threshold. */
  readonly alarm: number;
  /** 1 while an alarm of this direction is open. */
  readonly is_open: number;
  readonly opened_at: string | null;
  readonly began_at: string;
  readonly began_from: string;
  readonly began_to: string;
  readonly units_before: number;
  readonly fallbacks_before: number;
  readonly rate_before: number | null;
  readonly units_after: number;
  readonly fallbacks_after: number;
  readonly rate_after: number | null;
  /** What is counted: `session`, `call`, or `mixed`. */
  readonly unit: string;
  readonly baseline_from: string;
  readonly monitored_from: string;
}

export const driftSql = (): string => readFileSync(new URL('../sql/drift.sql', import.meta.url), 'utf8');

/** @param to epoch milliseconds; the minute it lies in and everything later is not looked at. */
export async function readDrift(ask: Ask, parameters: DriftParameters, to: number): Promise<DriftRow[]> {
  const rows = (await ask(driftSql(), { ...parameters, to: Math.floor(to / 1_000) })) as Record<string, unknown>[];
  const read = rows.map((row) => {
    const each: Record<string, unknown> = { ...row };
    for (const [name, value] of Object.entries(row))
      if (numeric.test(name) && value !== null) each[name] = Number(value);
    return each as unknown as DriftRow;
  });
  return read.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = (row: DriftRow): string => [row.environment, row.tag, row.first_model, row.question].join('\n');

/** Some stores quote 64-bit numbers in JSON, some do not. */
const numeric = /^(evidence|threshold|units|fallbacks|rate)_|^(alarm|is_open)$/;
