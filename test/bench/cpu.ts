/** CPU time of other processes, and requests to load them with. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const ticksPerSecond = 100;

/** User and system time of a process so far, in seconds, from /proc (Linux). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * Sends every body, over as many connections as said; a connection asks again when it is answered.
 * @throws Error at the first answer that is not 200.
 */
export async function sendAll(
  url: string,
  bodies: readonly Uint8Array[],
  headers: Record<string, string> = {},
  connections = 4,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let next = 0;
  const connection = async (): Promise<void> => {
    for (let body = bodies[next++]; body; body = bodies[next++]) await post(agent, url, body, headers);
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    agent.destroy();
  }
}

function post(agent: Agent, url: string, body: Uint8Array, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/v1/traces`,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length, ...headers },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`the sidecar answered ${answer.statusCode}`)),
        );
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}
