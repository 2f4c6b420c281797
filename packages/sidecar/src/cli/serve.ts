/** `routescope serve`: runs until it is told to stop, then loads what it has and ends. */
import { startSidecar } from '../pipeline.ts';
import { command, whole } from './command.ts';
import { data } from './options.ts';

export const serve = command({
  name: 'serve',
  summary: 'take OTLP, keep it, answer questions',
  options: {
    data,
    port: {
      type: 'string',
      value: 'N',
      help: 'port on 127.0.0.1; 0 takes a free one',
      env: 'ROUTESCOPE_PORT',
      otherwise: '4318',
    },
    'linger-ms': {
      type: 'string',
      value: 'N',
      help: 'how long spans gather before they are loaded',
      env: 'ROUTESCOPE_LINGER_MS',
      otherwise: '1000',
    },
  },
  async run({ values }, { log }) {
    const sidecar = await startSidecar({
      dataDirectory: values.data,
      port: whole('port', values.port, 0, 65_535),
      lingerMs: whole('linger-ms', values['linger-ms'], 10, 3_600_000),
      log,
    });
    log(`listening on ${sidecar.url} (OTLP at /v1/traces, questions at /query), data in ${values.data}`);
    await new Promise<void>((stop) => {
      process.once('SIGINT', () => stop());
      process.once('SIGTERM', () => stop());
    });
    log('stopping: loading what is spooled');
    await sidecar.close();
  },
});
