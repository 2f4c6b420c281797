/** Spans that the sidecar passed on, as a real Jaeger finds and shows them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { find, type Running, start, until } from './programs.ts';
import { type SeenSpan, wrongInTree } from './tree.ts';

/** Jaeger's own ports, of version 1 and 2 alike. */
export const jaegerOtlp = 'http://127.0.0.1:4318';
const api = 'http://127.0.0.1:16686/api';

export function startJaeger(): Running | undefined {
  const path = find('JAEGER');
  return path === undefined ? undefined : start(path, [], { COLLECTOR_OTLP_ENABLED: 'true' });
}

export const jaegerIsReady = (): Promise<unknown> =>
  until('Jaeger answers', 60, async () => ((await fetch(`${api}/services`)).ok ? true : undefined));

/** @throws Error with what Jaeger has against the configuration that is shipped. */
export function takesConfiguration(): string {
  const config = fileURLToPath(new URL('../../../deploy/jaeger/config.yaml', import.meta.url));
  const command = ['validate', '--config', config];
  const { status, stdout, stderr } = spawnSync(find('JAEGER') as string, command, {
    encoding: 'utf8',
    timeout: 30_000,
  });
  const said = stdout + stderr;
  if (/unknown command/.test(said)) return 'this one is of version 1, which is configured by flags';
  if (status !== 0) throw new Error(said);
  return 'yes';
}

interface JaegerTrace {
  readonly spans: readonly {
    readonly traceID: string;
    readonly spanID: string;
    readonly operationName: string;
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  }[];
}

/** @returns what it found, in a sentence. @throws Error that says what is wrong with a tree. */
export async function foundByTag(service: string, tag: string): Promise<string> {
  const query = new URLSearchParams({
    service,
    tags: JSON.stringify({ 'routescope.tag': tag }),
    lookback: '2d',
    start: String((Date.now() - 2 * 86_400_000) * 1_000),
    end: String(Date.now() * 1_000),
    limit: '20',
  });
  const traces = await until(`Jaeger finds traces of ${tag}`, 60, async () => {
    const { data } = (await (await fetch(`${api}/traces?${query}`)).json()) as { data: JaegerTrace[] };
    return data.length > 0 ? data : undefined;
  });
  for (const { spans } of traces) {
    const problems = wrongInTree(
      spans.map(
        (span): SeenSpan => ({
          traceId: span.traceID.padStart(32, '0'),
          spanId: span.spanID.padStart(16, '0'),
          parentId: span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID.padStart(16, '0') ?? '',
          name: span.operationName,
          tags: Object.fromEntries(span.tags.map(({ key, value }) => [key, value])),
        }),
      ),
    );
    if (problems.length > 0) throw new Error(problems.join('; '));
  }
  return `${traces.length} traces of ${tag}, each a tree with the right parents`;
}
