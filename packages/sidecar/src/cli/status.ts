/** `routescope status`: what a running sidecar has received, stored and refused. */
import { knock, nobodyAt, wantsToken } from './ask.ts';
import { command } from './command.ts';
import { json, token, url } from './options.ts';

export const status = command({
  name: 'status',
  summary: 'what was received, stored, refused',
  options: { url, token, json },
  async run({ values }, { print }) {
    const answer = await knock(values.url, '/status', values.token);
    if (!answer) throw new Error(nobodyAt(values.url));
    if (answer.status === 401) throw new Error(wantsToken(values.url));
    if (!answer.ok)
      throw new Error(
        `${values.url} answered ${answer.status}: something else listens there (a collector, Jaeger?); name the sidecar with --url`,
      );
    const counts = (await answer.json()) as Record<string, unknown>;
    if (values.json) return print(JSON.stringify(counts));
    for (const [name, count] of Object.entries(counts))
      print(`${name.padEnd(18)} ${typeof count === 'object' ? JSON.stringify(count) : count}`);
  },
});
