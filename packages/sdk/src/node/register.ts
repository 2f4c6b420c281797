/**
 * `node --import @routescope/sdk/register app.js`: start() with settings from the environment.
 *
 * OTEL_SERVICE_NAME (default `unknown_service`), OTEL_SERVICE_VERSION, ROUTESCOPE_ENVIRONMENT, ROUTESCOPE_ENDPOINT,
 * ROUTESCOPE_TOKEN, ROUTESCOPE_PRICES (a JSON file), ROUTESCOPE_CONTENT (off, metadata, full), ROUTESCOPE_EVERY_CALL (true),
 * OTEL_TRACES_SAMPLER and its OTEL_TRACES_SAMPLER_ARG.
 */
import { start } from './index.ts';

const { env } = process;
start({
  serviceName: env['OTEL_SERVICE_NAME'] || 'unknown_service',
  ...(env['OTEL_SERVICE_VERSION'] && { serviceVersion: env['OTEL_SERVICE_VERSION'] }),
  ...(env['ROUTESCOPE_ENVIRONMENT'] && { environment: env['ROUTESCOPE_ENVIRONMENT'] }),
  ...(env['ROUTESCOPE_ENDPOINT'] && { endpoint: env['ROUTESCOPE_ENDPOINT'] }),
  ...(env['ROUTESCOPE_TOKEN'] && { token: env['ROUTESCOPE_TOKEN'] }),
  everyCall: env['ROUTESCOPE_EVERY_CALL'] === 'true',
  ...(env['ROUTESCOPE_PRICES'] && { prices: env['ROUTESCOPE_PRICES'] }),
});
