/** Options that several commands share, so that each means one thing everywhere. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Option } from './command.ts';

export const data = {
  type: 'string',
  value: 'DIR',
  help: 'where everything is kept',
  env: 'ROUTESCOPE_DATA',
  otherwise: join(homedir(), '.routescope'),
  shownAs: '~/.routescope',
} as const satisfies Option;

export const url = {
  type: 'string',
  value: 'URL',
  help: 'the sidecar to ask',
  env: 'ROUTESCOPE_URL',
  otherwise: 'http://127.0.0.1:4318',
} as const satisfies Option;

export const token = {
  type: 'string',
  value: 'TOKEN',
  help: 'the bearer token of a sidecar that asks for one',
  env: 'ROUTESCOPE_TOKEN',
} as const satisfies Option;

export const json = { type: 'boolean', help: 'one JSON object on standard output' } as const satisfies Option;
