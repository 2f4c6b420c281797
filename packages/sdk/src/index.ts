export { withSession, withTag } from './context.ts';
export type { ObserveOptions } from './observe/observe.ts';
export { observe } from './observe/observe.ts';
