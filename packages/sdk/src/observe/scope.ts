/** Whose spans they are: the instrumentation scope, and its tracer. */
import { type ProxyTracerProvider, type Tracer, type TracerProvider, trace } from '@opentelemetry/api';

/** The name every span of this package carries as its scope. */
export const scopeName = '@routescope/sdk';

let known: TracerProvider | undefined;
let tracer: Tracer | undefined;

/** The tracer of the provider that is registered now. Kept, because asking for it costs as much as an attribute or five. */
export function currentTracer(): Tracer {
  const registered = trace.getTracerProvider();
  const provider = (registered as Partial<ProxyTracerProvider>).getDelegate?.() ?? registered;
  if (tracer === undefined || provider !== known) {
    tracer = registered.getTracer(scopeName);
    known = provider;
  }
  return tracer;
}
