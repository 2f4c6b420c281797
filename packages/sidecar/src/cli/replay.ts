/** `routescope replay`: puts back what was set aside, through the sidecar that runs or an engine of its own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../engine/supervise.ts';
import { deadLettersIn } from '../load/dead-letter.ts';
import { insertIntoChild } from '../load/insert.ts';
import { replay as putBack, type Replayed } from '../load/replay.ts';
import { bearer, wantsToken } from './ask.ts';
import { command } from './command.ts';
import { data, json, token, url } from './options.ts';

export const replay = command({
  name: 'replay',
  summary: 'put back spans that were set aside',
  options: { url, token, data, json },
  async run({ values, given }, { print, log }) {
    const replayed = (!given.has('data') && (await ask(values.url, values.token))) || (await alone(values.data, log));
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
  const headers = bearer(token);
  const answer = await fetch(new URL('/v1/replay', sidecar), { method: 'POST', headers }).catch(() => undefined);
  if (answer?.status === 401) throw new Error(wantsToken(sidecar));
  if (answer && !answer.ok) throw new Error(`${sidecar} answered ${answer.status}: ${await answer.text()}`);
  return answer?.json() as Promise<Replayed> | undefined;
}

async function alone(dataDirectory: string, log: (line: string) => void): Promise<Replayed> {
  const directory = join(dataDirectory, 'engine');
  if (!existsSync(directory))
    throw new Error(`there is no data in ${dataDirectory}: name the directory with --data, or a sidecar with --url`);
  const engine = await openEngine(directory, log);
  try {
    return await putBack(deadLettersIn(join(dataDirectory, 'dead-letter')), await insertIntoChild(engine.writer));
  } finally {
    await engine.close();
  }
}
