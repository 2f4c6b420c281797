export type { Sidecar, SidecarOptions, SidecarStatus } from './pipeline.ts';
export { startSidecar } from './pipeline.ts';
