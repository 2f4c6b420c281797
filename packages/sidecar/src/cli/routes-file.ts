/** A route table from a file, for commands: JSON, or a module whose default export it is. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  anthropicMessages,
  openaiChat,
  type Routes,
  type RouteTable,
  routes,
  tableFromJson,
  type Via,
} from '@routescope/sdk/router';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Providers that a JSON table names can be asked where the environment has their key; others have a place and no voice.
 * @throws Error with the file's name, and everything that is wrong with it.
 */
export async function readRoutes(path: string, env: Env): Promise<RouteTable> {
  try {
    return extname(path) === '.json' ? await fromJson(path, env) : await fromModule(path);
  } catch (problem) {
    const { code, message } = problem as { code?: string; message?: string };
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new Error(
        `${path}: this Node cannot read TypeScript; give the built .js, or run it with Node 22.18 or later`,
      );
    if (!existsSync(path)) throw new Error(`${path}: there is no such file`);
    throw new Error(message?.startsWith(path) ? message : `${path}: ${message ?? problem}`);
  }
}

async function fromModule(path: string): Promise<RouteTable> {
  const module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  const found = module['default'] ?? module['routes'] ?? module['table'];
  const given = (typeof found === 'function' ? await found() : found) as RouteTable | Routes | undefined;
  if (given === undefined) throw new Error('it has no default export: export default routes({ … })');
  return 'version' in given && 'routes' in given ? (given as RouteTable) : routes(given as Routes);
}

async function fromJson(path: string, env: Env): Promise<RouteTable> {
  const vias = new Proxy({} as Record<string, Via>, {
    get: (_, name) => (typeof name === 'string' ? viaOf(name, env) : undefined),
    ownKeys: () => [],
  });
  const checks = new Proxy({} as Record<string, () => boolean>, { get: () => () => true, ownKeys: () => [] });
  return tableFromJson(await readFile(path, 'utf8'), { vias, checks });
}

function viaOf(name: string, env: Env): Via {
  const key = name.toUpperCase();
  const apiKey = env[`${key}_API_KEY`];
  if (apiKey && name === 'openai')
    return openaiChat(openaiClient(env['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1', apiKey));
  if (apiKey && name === 'anthropic')
    return anthropicMessages(anthropicClient(env['ANTHROPIC_BASE_URL'] ?? 'https://api.anthropic.com', apiKey));
  const silent = (): never => {
    throw new Error(
      `${name} cannot be asked: set ${key}_API_KEY (openai, anthropic), or give a module that makes its own clients`,
    );
  };
  return Object.assign(silent, { server: { provider: name, host: '', address: '', port: 443 } });
}

/** As much of the SDKs' clients as an adapter uses. */
const openaiClient = (baseURL: string, apiKey: string) => ({
  baseURL,
  chat: {
    completions: {
      create: (body: unknown, { signal }: { signal?: AbortSignal } = {}) =>
        ask(`${baseURL}/chat/completions`, { authorization: `Bearer ${apiKey}` }, body, signal),
    },
  },
});
const anthropicClient = (baseURL: string, apiKey: string) => ({
  baseURL,
  messages: {
    create: (body: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      ask(`${baseURL}/v1/messages`, { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }, body, signal),
  },
});

async function ask(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  if (!answer.ok)
    throw Object.assign(new Error(`${url} answered ${answer.status}`), {
      status: answer.status,
      headers: answer.headers,
    });
  return answer.json();
}
