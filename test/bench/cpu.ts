/** CPU time of other processes, and requests to load them with. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const ticksPerSecond = 100;

/** User and system time of a process so far, in seconds, from /proc (Linux). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * Sends every body, over as many connections as said; a connection asks again when it is answered. On bare sockets: a
 * sender that is slower than the sidecar would measure how the sidecar waits.
 * @throws Error at the first answer that is not 200.
 */
export async function sendAll(
  url: string,
  bodies: readonly Uint8Array[],
  headers: Record<string, string> = {},
  connections = 4,
): Promise<void> {
  let next = 0;
  const said = Object.entries({ 'content-type': 'application/x-protobuf', ...headers, connection: 'keep-alive' });
  const lines = said.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const { hostname, port, host } = new URL(url);
  const connection = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      const ask = (): void => {
        const body = bodies[next++];
        if (!body) return void socket.end(resolve);
        const head = `POST /v1/traces HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${body.length}\r\n${lines}\r\n`;
        socket.cork();
        socket.write(head, 'latin1');
        socket.write(body);
        socket.uncork();
      };
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
        if (!answer.startsWith('HTTP/1.1 200 '))
          return reject(new Error(`the sidecar answered ${answer.slice(0, 200)}`));
        const bodyBegin = answer.indexOf('\r\n\r\n') + 4;
        if (bodyBegin < 4 || answer.length < bodyBegin + Number(/\ncontent-length: (\d+)/i.exec(answer)?.[1])) return;
        answer = '';
        ask();
      });
      socket.once('connect', ask).once('error', reject);
      socket.once('close', () => reject(new Error('the sidecar ended the connection')));
    });
  await Promise.all(Array.from({ length: Math.min(connections, bodies.length) }, connection));
}
