/** The engine's own door: to stand for a server, and to break what no user can reach. Not among what the package exports. */
type Supervise = typeof import('../../packages/sidecar/src/engine/supervise.ts');

export const { openEngine, reachEngine } = (await import(
  new URL('./engine/supervise.js', import.meta.resolve('@routescope/sidecar')).href
)) as Supervise;
