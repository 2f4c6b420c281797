/** A route table as a JSON file: the same words as in TypeScript, with names where that has functions. */
import { readFile } from 'node:fs/promises';
import { jsonSchema, llmJudge } from './checks.ts';
import { type Route, type RoutesOptions, type RouteTable, routes, type Via } from './routes.ts';
import type { Check, NamedValidator, Validator } from './validate.ts';

export interface JsonTools {
  /** What a tier's or deployment's `via` names: `{ openai: openaiChat(client) }`. Name them for their provider. */
  readonly vias: Readonly<Record<string, Via>>;
  /** What `{ "check": "name" }` names. */
  readonly checks?: Readonly<Record<string, Validator>>;
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON; what is wrong with it is said by the check of the table.
type Json = any;

/**
 * The table that a JSON text holds. Name its tags as the type parameter, and a wrong one is a compile error here too.
 * @throws Error that lists everything that is wrong with it, in sentences.
 */
export function tableFromJson<Tag extends string = string>(
  text: string,
  tools: JsonTools,
  options: RoutesOptions = {},
): RouteTable<Readonly<Record<Tag, Route>>> {
  let json: Json;
  try {
    json = JSON.parse(text);
  } catch (problem) {
    throw new Error(`the route table is no JSON: ${problem instanceof Error ? problem.message : problem}`);
  }
  const table = json?.routes ?? json;
  const problems: string[] = [];
  if (typeof table !== 'object' || table === null || Array.isArray(table))
    throw new Error('the route table is wrong: expected {"routes": {"a-tag": { … }}}');
  const built = Object.fromEntries(
    Object.entries<Json>(table).map(([tag, route]) => {
      const say = (problem: string): void => void problems.push(`${JSON.stringify(tag)}: ${problem}`);
      return [tag, routeFrom(route, tools, say)];
    }),
  );
  if (problems.length > 0) throw new Error(`the route table is wrong: ${problems.join('; ')}`);
  const version = options.version ?? (typeof json?.version === 'string' ? json.version : undefined);
  return routes(built as Readonly<Record<Tag, Route>>, version === undefined ? {} : { version });
}

/**
 * The table of a JSON file.
 * @throws Error with the file's name in it.
 */
export async function tableFromFile<Tag extends string = string>(
  path: string,
  tools: JsonTools,
  options: RoutesOptions = {},
): Promise<RouteTable<Readonly<Record<Tag, Route>>>> {
  try {
    return tableFromJson(await readFile(path, 'utf8'), tools, options);
  } catch (problem) {
    throw new Error(`${path}: ${problem instanceof Error ? problem.message : problem}`, { cause: problem });
  }
}

function routeFrom(route: Json, tools: JsonTools, say: (problem: string) => void): Json {
  if (typeof route !== 'object' || route === null) return route;
  const withVia = (each: Json, where: string): Json => {
    if (typeof each?.via !== 'string') return each;
    const via = tools.vias[each.via];
    if (via === undefined)
      say(`${where} has via ${JSON.stringify(each.via)}; there are ${Object.keys(tools.vias).join(', ') || 'none'}`);
    return { ...each, via };
  };
  const tiers = Array.isArray(route.tiers)
    ? route.tiers.map((tier: Json, rank: number) => ({
        ...withVia(tier, `tier ${rank}`),
        ...(Array.isArray(tier?.deployments) && {
          deployments: tier.deployments.map((each: Json, index: number) =>
            withVia(each, `tier ${rank}, deployment ${index}`),
          ),
        }),
      }))
    : route.tiers;
  const { validate, ...rest } = route;
  return { ...rest, tiers, ...(validate !== undefined && { validate: validatorFrom(validate, tools, say) }) };
}

/** `{regex, flags}`, `{jsonSchema}`, `{judge: {tag, rubric, …}}` or `{check: name}`; with `name`, `version`, `threshold` besides. */
function validatorFrom(
  json: Json,
  tools: JsonTools,
  say: (problem: string) => void,
): Validator | NamedValidator | undefined {
  const { regex, flags, jsonSchema: schema, judge, check, ...more } = json ?? {};
  const made = ((): Validator | undefined => {
    try {
      if (typeof regex === 'string') return new RegExp(regex, flags);
      if (schema !== undefined) return jsonSchema(schema);
      if (judge !== undefined) return llmJudge(judge) as Check;
      if (typeof check === 'string' && tools.checks?.[check]) return tools.checks[check];
      say(
        `validate ${JSON.stringify(json)} is none of {"regex"}, {"jsonSchema"}, {"judge"}, {"check": ${Object.keys(tools.checks ?? {}).join(' | ') || 'a name'}}`,
      );
    } catch (problem) {
      say(`validate: ${problem instanceof Error ? problem.message : problem}`);
    }
    return undefined;
  })();
  if (made === undefined) return undefined;
  return Object.keys(more).length === 0 ? made : { check: made, ...more };
}
