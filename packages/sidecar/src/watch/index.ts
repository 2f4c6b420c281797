/** The detector for anybody's streams: counts in, verdicts out, no engine needed. docs/drift.md says how to use it. */
export {
  type BacktestAlarm,
  type BacktestOptions,
  backtest,
  type History,
  type Release,
  type Replayed,
} from './backtest.ts';
export { type Counts, countsOf, type MinuteRow, type Period, pinnedOf } from './counts.ts';
export { type Baseline, confirmedMultiple, type Evidence, type Marker, type Question } from './evidence.ts';
export { limitAmong } from './limits.ts';
export { markersOf } from './markers.ts';
export { type Crossing, createJudge, firstCrossing, type Judge, type Watched } from './replay.ts';
export {
  checkSettings,
  type DriftSettings,
  defaultSettings,
  multiplesOf,
  parametersOf,
  thresholdOf,
} from './settings.ts';
export { settingsFor } from './signals.ts';
