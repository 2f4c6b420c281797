/** Which process is meant, also when its number has been given to another since: in a container every life is number 1. */
import { readFileSync } from 'node:fs';

/** On one line: its number and, on Linux, when it began and in which boot. */
export function identityOf(pid: number): string {
  const began = statOf(pid)?.[19];
  return began === undefined ? String(pid) : `${pid} ${began} ${bootId()}`;
}

/** Whether the process of that identity still runs. @param identity as `identityOf` gave it */
export function isRunning(identity: string): boolean {
  const pid = Number(identity.split(' ', 1)[0]);
  const hasEnded = statOf(pid)?.[0] === 'Z'; // nobody has asked for its exit code yet
  return isAlive(pid) && !hasEnded && identityOf(pid) === identity;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What Linux says behind the process's name: its state first, its beginning in ticks since the boot as the 20th. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
  } catch {
    return undefined; // another system, or it is gone
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
