/**
 * `node --import …/mutate.js`: breaks the compiled SDK as it is loaded, in the one place that ROUTESCOPE_MUTANT names.
 * The module is its own loader: Node runs it once more, in a thread of its own, for that.
 */
import type { LoadHook } from 'node:module';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { type Mutant, mutants } from './mutants.ts';

const mutant: Mutant | undefined = mutants.find(({ name }) => name === process.env['ROUTESCOPE_MUTANT']);
if (isMainThread) register(import.meta.url);

export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (!mutant || !url.endsWith(`/packages/sdk/dist/${mutant.file}`)) return loaded;
  const source = String(loaded.source);
  if (!source.includes(mutant.from)) throw new Error(`the mutant "${mutant.name}" finds nothing to break any more`);
  return { ...loaded, source: source.replace(mutant.from, () => mutant.to) };
};
