/** `routescope status`: what a running sidecar has received, stored and refused. */
import { bearer, wantsToken } from './ask.ts';
import { command } from './command.ts';
import { json, token, url } from './options.ts';

export const status = command({
  name: 'status',
  summary: 'what was received, stored, refused',
  options: { url, token, json },
  async run({ values }, { print }) {
    const answer = await fetch(new URL('/status', values.url), { headers: bearer(values.token) }).catch(() => {
      throw new Error(
        `no sidecar answers at ${values.url}: start one with 'routescope serve', or name another with --url`,
      );
    });
    if (answer.status === 401) throw new Error(wantsToken(values.url));
    const counts = (await answer.json()) as Record<string, unknown>;
    if (values.json) return print(JSON.stringify(counts));
    for (const [name, count] of Object.entries(counts))
      print(`${name.padEnd(18)} ${typeof count === 'object' ? JSON.stringify(count) : count}`);
  },
});
