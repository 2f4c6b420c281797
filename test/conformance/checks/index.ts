/** All checks, in their groups. */
import type { Dialect } from '../dialect.ts';
import type { Check } from '../trial.ts';
import { clientChecks } from './client.ts';
import { cloudChecks } from './clouds.ts';
import { contextChecks } from './context.ts';
import { coverageChecks } from './coverage.ts';
import { endingChecks } from './endings.ts';
import { errorChecks, rejectionChecks } from './errors.ts';
import { helperChecks } from './helpers.ts';
import { oddChecks } from './odd.ts';
import { privacyChecks } from './privacy.ts';
import { promiseChecks } from './promise.ts';
import { replayChecks } from './replay.ts';
import { requestChecks } from './requests.ts';
import { sabotageChecks } from './sabotage.ts';
import { streamChecks } from './streams.ts';

/** Whether it is one of those that take long, because they wait for the garbage collector. */
export const collectsGarbage = ({ group }: Check): boolean => group === 'each ending’s span';

/** @param fixtures directory of recorded answers to replay. */
export const checksOf = (dialect: Dialect, fixtures: string): Check[] => [
  ...promiseChecks(dialect),
  ...helperChecks(dialect),
  ...streamChecks(dialect),
  ...errorChecks(dialect),
  ...rejectionChecks(dialect),
  ...requestChecks(dialect),
  ...clientChecks(dialect),
  ...cloudChecks(dialect),
  ...endingChecks(dialect),
  ...contextChecks(dialect),
  ...replayChecks(dialect, fixtures),
  ...coverageChecks(dialect),
  ...privacyChecks(dialect),
  ...oddChecks(dialect),
  ...sabotageChecks(dialect),
];
