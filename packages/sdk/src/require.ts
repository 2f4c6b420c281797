import { createRequire } from 'node:module';

/**
 * Loads a package that the app may or may not have installed, synchronously. It is looked for from this file; where the
 * app was bundled into one that is no ES module, and there is no telling where this is, from the working directory.
 * @throws what `require` throws.
 */
export const requireOptional = (name: string): unknown =>
  createRequire((import.meta.url as string | undefined) ?? `${process.cwd()}/`)(name);
