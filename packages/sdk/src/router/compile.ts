/** A route made ready: every deployment with what is needed to ask it, and how many attempts it declares. */
import type { ChatVia } from './adapters.ts';
import type { Deployment, Route, RouteTable, Tier, Via } from './routes.ts';

export interface Place {
  readonly tier: Tier;
  readonly rank: number;
  readonly model: string;
  readonly via: Via;
  /** Whose circuit and rate limit it shares. */
  readonly provider: string;
  /** Named where the tier has several. */
  readonly deployment: string | undefined;
  readonly weight: number;
}

export interface CompiledRoute {
  readonly route: Route;
  readonly places: readonly (readonly Place[])[];
  readonly retries: number;
  /** Per tier. */
  readonly reruns: number;
  /** Attempts of a call at most. */
  readonly maxAttempts: number;
}

/** What a route allows: each deployment once and its retries, each tier its reruns; less where it says so. */
export function declaredAttempts(route: Route): number {
  const tries = 1 + (route.retries ?? 1);
  const allowed = route.tiers.reduce((sum, tier) => sum + (tier.deployments?.length ?? 1) * tries + rerunsOf(route), 0);
  return Math.min(allowed, route.maxAttempts ?? Number.POSITIVE_INFINITY);
}

const rerunsOf = ({ rerun, caughtBy }: Route): number => rerun?.times ?? (rerun || caughtBy === 'rerun' ? 1 : 0);

const compiled = new WeakMap<RouteTable, Map<string, CompiledRoute>>();

/** Once per table and tag. */
export function compiledRoute(table: RouteTable, tag: string): CompiledRoute | undefined {
  let tags = compiled.get(table);
  if (!tags) {
    tags = new Map(Object.keys(table.routes).map((each) => [each, compile(table, each)]));
    compiled.set(table, tags);
  }
  return tags.get(tag);
}

function compile(table: RouteTable, tag: string): CompiledRoute {
  const route = table.routes[tag] as Route;
  return {
    route,
    places: route.tiers.map((tier, rank) => placesOf(tier, rank)),
    retries: route.retries ?? 1,
    reruns: rerunsOf(route),
    maxAttempts: declaredAttempts(route),
  };
}

function placesOf(tier: Tier, rank: number): readonly Place[] {
  const place = ({ model, via, provider, weight = 1 }: Omit<Deployment, 'name'>, deployment?: string): Place => ({
    tier,
    rank,
    model,
    via,
    provider: provider ?? providerOf(via) ?? model,
    deployment,
    weight,
  });
  if (tier.deployments === undefined) return [place(tier)];
  return tier.deployments.map((each, index) =>
    place(each, each.name ?? each.provider ?? providerOf(each.via) ?? `${tier.name}-${index}`),
  );
}

/** The provider, and which endpoint of it where that is not the one everybody asks. */
function providerOf(via: Via): string | undefined {
  const { server } = via as Partial<ChatVia>;
  if (!server) return undefined;
  return usualHosts.has(server.address) ? server.provider : `${server.provider} (${server.host})`;
}

const usualHosts = new Set(['api.openai.com', 'api.anthropic.com']);
