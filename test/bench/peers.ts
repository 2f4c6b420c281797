/**
 * Who is compared: the bare client, ours, and other tools that watch the same clients. Each gets a copy of the SDK's
 * module to itself, because most of them patch its classes; all make spans with the provider registered by the bench.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { metrics, trace } from '@opentelemetry/api';
import { observe } from '@routescope/sdk';
import { folder, install } from '../install.ts';

// biome-ignore lint/suspicious/noExplicitAny: clients and modules of other people's packages.
type Foreign = any;

interface Contestant {
  readonly name: string;
  readonly client: Foreign;
}

export interface Contest {
  readonly sdk: 'openai' | 'anthropic';
  readonly bare: Foreign;
  readonly ours: Foreign;
  readonly peers: readonly Contestant[];
  /** Peers that could not be set up, with the reason. */
  readonly missing: readonly string[];
}

const peersFolder = folder('./bench/peers');

type Fetch = typeof globalThis.fetch;
type Setup = (module: Foreign, make: (module: Foreign) => Foreign, from: NodeJS.Require) => Foreign;

/** Instruments the module before the client is made of it. */
const instrumenting =
  (name: string, member: string, settings: object, wants: 'class' | 'namespace' = 'class'): Setup =>
  (module, make, from) => {
    const instrumentation = new (from(name)[member])(settings);
    // As OpenTelemetry's own registerInstrumentations() does.
    instrumentation.setTracerProvider(trace.getTracerProvider());
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    if (typeof instrumentation.manuallyInstrument === 'function')
      instrumentation.manuallyInstrument(wants === 'namespace' ? module : module.default);
    else for (const definition of [instrumentation.init()].flat()) definition.patch(module, '6.49.0');
    return make(module);
  };

const setups: Readonly<Record<Contest['sdk'], Readonly<Record<string, Setup>>>> = {
  openai: {
    'OTel instrumentation-openai': instrumenting('@opentelemetry/instrumentation-openai', 'OpenAIInstrumentation', {}),
    Langfuse: (module, make, from) => from('@langfuse/openai').observeOpenAI(make(module)),
    OpenInference: instrumenting('@arizeai/openinference-instrumentation-openai', 'OpenAIInstrumentation', {
      traceConfig: { hideInputs: true, hideOutputs: true },
    }),
    Traceloop: instrumenting('@traceloop/instrumentation-openai', 'OpenAIInstrumentation', { traceContent: false }),
  },
  anthropic: {
    OpenInference: instrumenting('@arizeai/openinference-instrumentation-anthropic', 'AnthropicInstrumentation', {
      traceConfig: { hideInputs: true, hideOutputs: true },
    }),
    Traceloop: instrumenting(
      '@traceloop/instrumentation-anthropic',
      'AnthropicInstrumentation',
      { traceContent: false },
      'namespace',
    ),
  },
};

export function contest(sdk: Contest['sdk'], fetch: Fetch): Contest {
  const missing: string[] = [];
  let from: NodeJS.Require | undefined = createRequire(join(peersFolder, 'package.json'));
  try {
    install(peersFolder);
  } catch (problem) {
    missing.push(String(problem));
    from = undefined;
  }
  const name = sdk === 'openai' ? 'openai' : '@anthropic-ai/sdk';
  const require = from ?? createRequire(import.meta.url);
  // Anthropic's SDK traces itself by default; nobody's figure is to have that in it.
  const make = (module: Foreign): Foreign => new module.default({ apiKey: 'none-needed', fetch, openTelemetry: false });
  const peers: Contestant[] = [];
  const entries = from ? Object.entries(setups[sdk]) : [];
  // All modules before the first instrumentation: those patch whatever is required after them.
  const [bare, ours, ...modules] = [null, null, ...entries].map(() => fresh(require, name));
  for (const [index, [peer, setUp]] of entries.entries()) {
    try {
      peers.push({ name: peer, client: setUp(modules[index], make, require) });
    } catch (problem) {
      missing.push(`${peer}: ${problem}`);
    }
  }
  return { sdk, bare: make(bare), ours: observe(make(ours)), peers, missing };
}

/** A copy of a module that nobody else has. */
function fresh(require: NodeJS.Require, name: string): Foreign {
  const inside = join('node_modules', ...name.split('/'), '');
  for (const path of Object.keys(require.cache)) if (path.includes(inside)) delete require.cache[path];
  return require(name);
}
