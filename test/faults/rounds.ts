/** What may happen in one life of a sidecar. Where in it is left to chance. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SidecarProcess } from '../sidecar.ts';
import type { LinkState } from './engine.ts';
import { disks, type Fault, steps } from './inject.ts';
import type { Connection } from './ways.ts';

/** `embedded`: with an engine of its own and two targets it forwards to. `server`: loads a server over the network. */
export type WorldName = 'embedded' | 'server';

/** What a round may lay hands on while spans are sent. */
interface Life {
  readonly sidecar: SidecarProcess;
  /** Resolves after a while, or when the sidecar is gone. */
  aWhile(): Promise<void>;
  /** The connections to the forward targets or to the server, whichever the world has. */
  link(state: LinkState): Promise<void>;
  /** Makes the database forget which migrations ran: all of them run again at the next start. */
  forgetMigrations(): Promise<void>;
}

export interface Round {
  readonly name: string;
  readonly world: WorldName;
  readonly fault?: Omit<Fault, 'accountDirectory' | 'without'>;
  /** Options of `serve` for this life. */
  readonly options?: readonly string[];
  /** Between sender and sidecar. */
  readonly connection?: Connection;
  /** How the link is when the sidecar starts. */
  readonly link?: LinkState;
  /** The sidecar is to die before it listens. */
  readonly isStillborn?: true;
  /** @default it lives for a while */
  readonly happens?: (life: Life) => Promise<unknown>;
}

const killed = async ({ aWhile, sidecar }: Life): Promise<void> => {
  await aWhile();
  await sidecar.stop('SIGKILL');
};
const mended = async ({ aWhile, link }: Life): Promise<void> => {
  await aWhile();
  await link('good');
  await aWhile();
};

export const kinds: readonly ((random: () => number) => readonly Round[])[] = [
  () => [{ name: 'kill -9 at any time', world: 'embedded', happens: killed }],
  ...steps
    .filter((step) => step !== 'migration')
    .map((dieAt) => (random: () => number): Round[] => [
      { name: `dies ${dieAt}`, world: 'embedded', fault: { dieAt, nth: 1 + Math.floor(random() * 6) } },
    ]),
  (random) => [
    {
      name: 'forgets its migrations',
      world: 'embedded',
      happens: async (life) => {
        await life.aWhile();
        await life.forgetMigrations();
      },
    },
    {
      name: 'dies migration',
      world: 'embedded',
      fault: { dieAt: 'migration', nth: 4 + Math.floor(random() * 30) },
      isStillborn: true,
    },
  ],
  () => [
    {
      name: 'kill -9 of the engine',
      world: 'embedded',
      happens: async ({ aWhile, sidecar }) => {
        await aWhile();
        process.kill(sidecar.enginePid(), 'SIGKILL');
        await sleep(150);
      },
    },
  ],
  () => [
    {
      name: 'the engine hangs',
      world: 'embedded',
      options: ['--engine-patience-ms', '300'],
      happens: async ({ aWhile, sidecar }) => {
        await aWhile();
        process.kill(sidecar.enginePid(), 'SIGSTOP');
        while ((await sidecar.status())['engineRestarts'] === 0) await sleep(50);
      },
    },
  ],
  () => [
    {
      name: 'the engine hangs, and the sidecar is killed',
      world: 'embedded',
      happens: async ({ aWhile, sidecar }) => {
        await aWhile();
        process.kill(sidecar.enginePid(), 'SIGSTOP');
        await sidecar.stop('SIGKILL');
      },
    },
  ],
  ...disks.map((disk) => (random: () => number): Round[] => [
    { name: `disk ${disk}`, world: 'embedded', fault: { disk, nth: 1 + Math.floor(random() * 4) } },
  ]),
  ...(['half-open', 'slow'] as const).map((connection) => (): Round[] => [
    { name: `sender ${connection}`, world: 'embedded', connection, happens: killed },
  ]),
  () => [{ name: 'the clock jumps', world: 'embedded', fault: { clock: true }, happens: killed }],
  ...(['refused', 'half-open', 'slow'] as const).flatMap((link) =>
    (['embedded', 'server'] as const).map((world) => (): Round[] => [
      { name: `${world === 'server' ? 'server' : 'forward target'} ${link}`, world, link, happens: mended },
    ]),
  ),
];
