/** The sidecar's inner parts that are fuzzed; they are not among what the package exports. */
const part = (path: string): string => new URL(path, import.meta.resolve('@routescope/sidecar')).href;

type Walk = typeof import('../../packages/sidecar/src/receive/walk.ts');
type Json = typeof import('../../packages/sidecar/src/receive/json.ts');
type Pool = typeof import('../../packages/sidecar/src/receive/buffers.ts');
type Redact = typeof import('../../packages/sidecar/src/redact/redactor.ts');
type Wire = typeof import('../../packages/sidecar/src/wire.ts');

export const { walk } = (await import(part('./receive/walk.js'))) as Walk;
export const { requestFromJson } = (await import(part('./receive/json.js'))) as Json;
export const { Buffers } = (await import(part('./receive/buffers.js'))) as Pool;
export const { Redactor } = (await import(part('./redact/redactor.js'))) as Redact;
export const { Malformed } = (await import(part('./wire.js'))) as Wire;
