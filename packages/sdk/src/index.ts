export type { ContentMode, ContentOptions, Place } from './content/settings.ts';
export { withSession, withTag } from './context.ts';
export type { ObserveOptions } from './observe/observe.ts';
export { observe } from './observe/observe.ts';
export { closeDroppedInferences, closeOpenInferences } from './observe/open.ts';
export type { CallRef } from './router/call.ts';
export type { Score, ScoreOptions } from './score.ts';
export { score, shown } from './score.ts';
