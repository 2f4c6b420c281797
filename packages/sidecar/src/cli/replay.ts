/** `routescope replay`: puts back what was set aside, through the sidecar that runs, or an engine of its own or a server. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openServer, type Server } from '../engine/server.ts';
import { openEngine, unhurriedMs } from '../engine/supervise.ts';
import { deadLettersIn } from '../load/dead-letter.ts';
import { insertIntoChild, insertIntoServer } from '../load/insert.ts';
import { replay as putBack, type Replayed } from '../load/replay.ts';
import { knock, nobodyAt, wantsToken } from './ask.ts';
import { clickhouse, serverFrom } from './clickhouse.ts';
import { command } from './command.ts';
import { data, json, token, url } from './options.ts';

export const replay = command({
  name: 'replay',
  summary: 'put back spans that were set aside',
  options: { url, token, data, ...clickhouse, json },
  async run({ values, given }, { print, log }) {
    const server = serverFrom(values);
    const running = given.has('data') ? undefined : await ask(values.url, values.token);
    if (running === undefined && given.has('url')) throw new Error(nobodyAt(values.url));
    const replayed = running ?? (await alone(values.data, server, log));
    if (values.json) print(JSON.stringify(replayed));
    else {
      for (const problem of replayed.problems) print(problem);
      print(
        `${replayed.files} files: ${replayed.stored} spans are in the tables now, ${replayed.refused} stay set aside`,
      );
    }
    if (replayed.refused > 0) throw new Error(`${replayed.refused} spans were refused again`);
  },
});

/** Undefined when no sidecar answers there. */
async function ask(sidecar: string, token: string | undefined): Promise<Replayed | undefined> {
  const answer = await knock(sidecar, '/v1/replay', token, { method: 'POST' });
  if (answer?.status === 401) throw new Error(wantsToken(sidecar));
  if (answer && !answer.ok) throw new Error(`${sidecar} answered ${answer.status}: ${await answer.text()}`);
  return answer?.json() as Promise<Replayed> | undefined;
}

async function alone(
  dataDirectory: string,
  server: Server | undefined,
  log: (line: string) => void,
): Promise<Replayed> {
  const directory = join(dataDirectory, 'engine');
  if (!server && !existsSync(directory))
    throw new Error(
      `there is no data in ${dataDirectory}: name the directory with --data, a sidecar with --url, or the server its spans go to with --clickhouse`,
    );
  const engine = server ? await openServer(server) : await openEngine(directory, { log, answerMs: unhurriedMs });
  try {
    const insert = await (server ? insertIntoServer : insertIntoChild)(engine.writer);
    return await putBack(deadLettersIn(join(dataDirectory, 'dead-letter')), insert);
  } finally {
    await engine.close();
  }
}
