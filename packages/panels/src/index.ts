export { alerts } from './alerts.ts';
export { alarmsTitle, changes, dashboards, panels, reported } from './dashboards.ts';
export type { Alert, Column, Dashboard, Filter, Panel, Unit, Visual } from './definition.ts';
export { filters } from './definition.ts';
export type { DriftParameters, DriftQuestion, DriftRow } from './drift-evidence.ts';
export { driftDefaults, driftSql, readDrift } from './drift-evidence.ts';
export type { Ask, Chosen, PanelRow, Range } from './read.ts';
export { parametersOf, readAlert, readPanel, sqlOf, statement } from './read.ts';
