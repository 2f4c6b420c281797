export type { AdoptableSpan, AdoptingProcessor, AdoptOptions } from './adopt.ts';
export { adopt } from './adopt.ts';
export type { Sampler } from './sampling.ts';
export { everyCall, keepShare } from './sampling.ts';
