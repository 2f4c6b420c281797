/** `routescope serve`: runs until it is told to stop, then loads what it has and ends. */
import { type SidecarOptions, startSidecar } from '../pipeline.ts';

export async function serve(options: SidecarOptions & { readonly log: (line: string) => void }): Promise<void> {
  const sidecar = await startSidecar(options);
  options.log(
    `listening on ${sidecar.url} (OTLP at /v1/traces, questions at /query), data in ${options.dataDirectory}`,
  );
  await new Promise<void>((stop) => {
    process.once('SIGINT', () => stop());
    process.once('SIGTERM', () => stop());
  });
  options.log('stopping: loading what is spooled');
  await sidecar.close();
}
