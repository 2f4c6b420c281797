export { ownPlace, type Place } from './place.ts';
export { rendered } from './render.ts';
