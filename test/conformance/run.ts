/** All checks of one version, one after the other, in a process of their own. */
import { closeOpenInferences } from '@routescope/sdk';
import type { Dialect } from './dialect.ts';
import { type Check, registerTelemetry, Trial } from './trial.ts';

export interface Failure {
  readonly check: string;
  readonly version: string;
  readonly problem: string;
}

export interface Exemption {
  readonly check: string;
  readonly version: string;
  readonly why: string;
}

export interface Report {
  readonly version: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly exempt: readonly Exemption[];
  /** Checks that ran, by group. */
  readonly groups: Readonly<Record<string, number>>;
}

/** @param isBrief ends with the first check that fails. */
export async function runChecks(dialect: Dialect, checks: readonly Check[], isBrief = false): Promise<Report> {
  const version = dialect.version.name;
  const failures: Failure[] = [];
  const exempt: Exemption[] = [];
  const groups: Record<string, number> = {};
  let passed = 0;
  const names = new Set<string>();
  for (const check of checks) {
    const name = `${check.group}: ${check.name}`;
    if (names.has(name)) throw new Error(`two checks are called "${name}"`);
    names.add(name);
    const why = check.exempt?.(dialect);
    if (why !== undefined) {
      exempt.push({ check: name, version, why });
      continue;
    }
    groups[check.group] = (groups[check.group] ?? 0) + 1;
    registerTelemetry();
    try {
      await inTime(check.run(new Trial(dialect)));
      passed++;
    } catch (error) {
      failures.push({ check: name, version, problem: problemOf(error) });
      if (isBrief) break;
    } finally {
      closeOpenInferences(); // else a span may end in the middle of another check, whenever garbage is collected
    }
  }
  return { version, passed, failures, exempt, groups };
}

/** A check that waits for something that never comes must not hold up the others. */
async function inTime(check: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let ticks = 0;
  const late = new Promise<never>((_, reject) => {
    // Counted in small steps: a machine that stands still for seconds makes no check late.
    timer = setInterval(() => {
      if (++ticks === 50) reject(new Error('did not come to an end within 5 s'));
    }, 100);
  });
  try {
    await Promise.race([check, late]);
  } finally {
    clearInterval(timer);
  }
}

const problemOf = (error: unknown): string =>
  (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n').slice(0, 40).join('\n');
