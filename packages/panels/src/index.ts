export { alerts } from './alerts.ts';
export type { Alert, Column, Panel, Unit, Visual } from './definition.ts';
export { panels } from './panels.ts';
export type { Ask, PanelRow, Range } from './read.ts';
export { readAlert, readPanel, sqlOf } from './read.ts';
