/** Which sampler `start()` gives to OpenTelemetry. */
import type { tracing } from '@opentelemetry/sdk-node';
import { everyCall, keepShare, type Sampler } from '../otel/sampling.ts';

interface Wanted {
  readonly sampling: number | undefined;
  readonly everyCall: boolean;
}

/**
 * The option's, else the environment's (OTEL_TRACES_SAMPLER), whose ratio samplers become ones that say their ratio.
 * @returns undefined to leave the choice to OpenTelemetry.
 * @throws RangeError when the option is no share.
 */
export function samplerOf({ sampling, everyCall: wantsAll }: Wanted, sdk: typeof tracing): tracing.Sampler | undefined {
  const chosen = sampling === undefined ? fromEnvironment(sdk) : keepShare(sampling);
  return wantsAll ? everyCall(chosen ?? keepShare(1)) : chosen;
}

function fromEnvironment(sdk: typeof tracing): Sampler | undefined {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument } = process.env;
  switch (name) {
    case 'traceidratio':
    case 'parentbased_traceidratio': {
      const share = Number(argument ?? 1);
      return keepShare(share >= 0 && share <= 1 ? share : 1);
    }
    case 'always_off':
      return new sdk.AlwaysOffSampler();
    case 'parentbased_always_off':
      return new sdk.ParentBasedSampler({ root: new sdk.AlwaysOffSampler() });
    default:
      return undefined;
  }
}
