/** Tools that watch the same clients: ours, and those it is compared with. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { metrics, trace } from '@opentelemetry/api';
import { observe } from '@routescope/sdk';
import { folder, install } from '../../install.ts';

// biome-ignore lint/suspicious/noExplicitAny: clients and modules of other people's packages.
export type Foreign = any;

export type Sdk = 'openai' | 'anthropic';

/** Makes a watched client of a module of the SDK, by `make` and with packages by `from`. */
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

export const ours = 'Routescope';

export const tools: Readonly<Record<Sdk, Readonly<Record<string, Setup>>>> = {
  openai: {
    [ours]: (module, make) => observe(make(module)),
    'OTel instrumentation-openai': instrumenting('@opentelemetry/instrumentation-openai', 'OpenAIInstrumentation', {}),
    Langfuse: (module, make, from) => from('@langfuse/openai').observeOpenAI(make(module)),
    OpenInference: instrumenting('@arizeai/openinference-instrumentation-openai', 'OpenAIInstrumentation', {
      traceConfig: { hideInputs: true, hideOutputs: true },
    }),
    Traceloop: instrumenting('@traceloop/instrumentation-openai', 'OpenAIInstrumentation', { traceContent: false }),
  },
  anthropic: {
    [ours]: (module, make) => observe(make(module)),
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

const packages = folder('./bench/peers');

/** Installs the other tools' packages. @returns why they cannot be compared with; undefined when they can. */
export function installPeers(): string | undefined {
  try {
    install(packages);
    return undefined;
  } catch (problem) {
    return String(problem);
  }
}

/** The SDK's client, bare and watched by the tool. @throws Error when the tool cannot be set up. */
export function clients(sdk: Sdk, tool: string, fetch: typeof globalThis.fetch): { bare: Foreign; watched: Foreign } {
  const setUp = tools[sdk][tool];
  if (!setUp) throw new Error(`there is no tool ${tool} for ${sdk}`);
  const name = sdk === 'openai' ? 'openai' : '@anthropic-ai/sdk';
  // The same release of the SDK for all, where the others' packages are there.
  const among = createRequire(join(packages, 'package.json'));
  const require = resolves(among, name) ? among : createRequire(import.meta.url);
  // Anthropic's SDK traces itself by default; nobody's figure is to have that in it.
  const make = (module: Foreign): Foreign => new module.default({ apiKey: 'none-needed', fetch, openTelemetry: false });
  // Both modules before the first instrumentation: those patch whatever is required after them.
  const [bare, watched] = [fresh(require, name), fresh(require, name)];
  return { bare: make(bare), watched: setUp(watched, make, require) };
}

function resolves(require: NodeJS.Require, name: string): boolean {
  try {
    return Boolean(require.resolve(name));
  } catch {
    return false;
  }
}

/** A copy of a module that nobody else has: most tools patch its classes. */
function fresh(require: NodeJS.Require, name: string): Foreign {
  const inside = join('node_modules', ...name.split('/'), '');
  for (const path of Object.keys(require.cache)) if (path.includes(inside)) delete require.cache[path];
  return require(name);
}
