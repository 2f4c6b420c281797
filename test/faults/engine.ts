/** What the sidecar's own tests have too, and its package does not export: its engine, to stand for a server and to be broken, and links. */
type Supervise = typeof import('../../packages/sidecar/src/engine/supervise.ts');
type Links = typeof import('../../packages/sidecar/src/testing/link.ts');

type Link = Awaited<ReturnType<Links['openLink']>>;
export type LinkState = Parameters<Link['set']>[0];

const room = (path: string): string => new URL(path, import.meta.resolve('@routescope/sidecar')).href;
export const { openEngine, reachEngine } = (await import(room('./engine/supervise.js'))) as Supervise;
export const { openLink } = (await import(room('./testing/link.js'))) as Links;
