/**
 * A route table as plain data: what is hashed, compared and told apart in words. The same table has the same data
 * whether it was written in JSON or in TypeScript; functions and schemas are kept by what can be said of them.
 */
import { createHash } from 'node:crypto';
import type { ChatVia } from './adapters.ts';
import type { Routes } from './routes.ts';

// biome-ignore lint/suspicious/noExplicitAny: any JSON.
export type Plain = any;

/** As the JSON form: `via` is the provider, a regular expression is `{regex, flags}`, defaults are left out. */
export function plainTable(table: Routes): Record<string, Plain> {
  return Object.fromEntries(
    Object.entries(table).map(([tag, route]) => {
      const { tiers, validate, ...rest } = route;
      return [
        tag,
        plain({
          ...rest,
          ...(validate !== undefined && { validate: plainValidator(validate) }),
          tiers: tiers.map((tier) => ({
            ...tier,
            ...(tier.via !== undefined && { via: viaName(tier) }),
            ...(tier.deployments && {
              deployments: tier.deployments.map((deployment) => ({ ...deployment, via: viaName(deployment) })),
            }),
            provider: undefined,
          })),
        }),
      ];
    }),
  );
}

/** 12 hex digits; keys in any order. */
export const versionOf = (table: Record<string, Plain>): string =>
  createHash('sha256').update(JSON.stringify(table)).digest('hex').slice(0, 12);

/** Who is asked: the provider named, else the adapter's client's, else the function's name. */
function viaName({ via, provider }: { readonly via?: unknown; readonly provider?: string | undefined }): string {
  const named = via as (Partial<ChatVia> & { readonly name?: string }) | undefined;
  return provider ?? named?.server?.provider ?? `function ${named?.name ?? ''}`.trim();
}

function plainValidator(validator: Plain): Plain {
  if (validator instanceof RegExp)
    return validator.flags ? { regex: validator.source, flags: validator.flags } : { regex: validator.source };
  const standard = validator?.['~standard'];
  if (standard) return schemaOf(standard) ?? { schema: standard.vendor };
  if (typeof validator === 'function') return validator.plain ?? { check: validator.name };
  const { check, ...more } = validator as { check: Plain };
  return { ...plainValidator(check), ...more };
}

/** Libraries that can say their schema as JSON Schema (zod 4, arktype) are compared by it. */
function schemaOf(standard: Plain): Plain {
  try {
    const schema = standard.jsonSchema?.input?.({ target: 'draft-2020-12' });
    return schema && { jsonSchema: schema };
  } catch {
    return undefined;
  }
}

/** Keys in order, undefined left out. */
function plain(value: unknown): Plain {
  if (value instanceof RegExp) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, plain(inner)]),
  );
}
