/**
 * The table of words. One row is one word of the product: the attribute that carries it on a span, the column that
 * keeps it in ClickHouse, its type and unit, and the attributes of other instrumentations that mean the same.
 *
 * - The SDK writes `attribute`. The views in the sidecar's migrations are generated from these rows.
 * - `docs/glossary.md` is generated from these rows.
 * - GenAI names are copied from open-telemetry/semantic-conventions-genai as of October 2026 (all `development`):
 *   we write the newest name and read the older ones.
 * - OTel's naming rule holds: no attribute is a prefix segment of another (`routescope.cost.total`, never `routescope.cost`).
 */

/** Which table has the column: one row per inference (`attempt`), one row per call, both, or one row per score. */
export type Row = 'attempt' | 'call' | 'both' | 'score';

/** How a column is typed in ClickHouse. Unknown is NULL wherever a number or verdict can be unknown. */
export type ColumnType =
  | 'String'
  | 'LowCardinality(String)'
  | 'Array(String)'
  | 'Bool'
  | 'UInt16'
  | 'Nullable(UInt16)'
  | 'Nullable(UInt64)'
  | 'Nullable(Float64)'
  | 'Float64'
  | 'Nullable(Decimal(18, 12))';

export interface Word {
  /** The word as people say it. */
  readonly term: string;
  readonly meaning: string;
  /** Span attribute that carries it (for `resource: true`, a resource attribute). */
  readonly attribute: string;
  readonly column: string;
  readonly row: Row;
  readonly type: ColumnType;
  /** UCUM unit of the number: `{token}`, `USD`, `s`, `1`. */
  readonly unit?: string;
  /** Carried by the resource (the process), not by the span. */
  readonly resource?: true;
  /** Attributes of older conventions and other instrumentations, in order of trust, read when ours is absent. */
  readonly alsoRead?: readonly string[];
  /** What absence means, where it means something: a SQL expression over the row's other columns. */
  readonly otherwise?: string;
}

const text = 'LowCardinality(String)';

// biome-ignore format: a table is read by its rows
export const words = [
  // Where it ran, what was deployed.
  { term: 'environment', meaning: 'where it ran', attribute: 'deployment.environment.name', column: 'environment', row: 'both', type: text, resource: true, alsoRead: ['deployment.environment'] },
  { term: 'service', meaning: 'the app', attribute: 'service.name', column: 'service', row: 'both', type: text, resource: true },
  { term: 'service version', meaning: 'the release of the app', attribute: 'service.version', column: 'service_version', row: 'both', type: text, resource: true },
  { term: 'emitter', meaning: 'the process or worker whose SDK ended the span; a random name', attribute: 'routescope.emitter.id', column: 'emitter_id', row: 'both', type: 'String' },
  { term: 'sequence', meaning: 'which span of its emitter, from 1, in the order they ended; a number that never arrives is a span lost on the way', attribute: 'routescope.emitter.sequence', column: 'emitter_sequence', row: 'both', type: 'Nullable(UInt64)' },
  { term: 'prompt version', meaning: 'the release of the prompt, named by the app', attribute: 'routescope.prompt.version', column: 'prompt_version', row: 'both', type: text, alsoRead: ['gen_ai.prompt.version'] },

  // What it was for.
  { term: 'tag', meaning: 'the job, named by the app; what routing looks up; few values', attribute: 'routescope.tag', column: 'tag', row: 'both', type: text, alsoRead: ['ai.telemetry.functionId'] },
  { term: 'call id', meaning: "the call span's id, on every attempt of the call", attribute: 'routescope.call.id', column: 'call_id', row: 'both', type: 'String' },
  { term: 'session', meaning: 'calls that belong together', attribute: 'gen_ai.conversation.id', column: 'session_id', row: 'both', type: 'String', alsoRead: ['session.id', 'langfuse.session.id', 'traceloop.association.properties.session_id', 'ai.telemetry.metadata.sessionId'] },
  { term: 'feature', meaning: 'where in the product', attribute: 'routescope.feature', column: 'feature', row: 'both', type: text },
  { term: 'user segment', meaning: 'which group of users', attribute: 'routescope.user.segment', column: 'user_segment', row: 'both', type: text },
  { term: 'experiment', meaning: 'A/B test of route tables', attribute: 'routescope.experiment.name', column: 'experiment', row: 'both', type: text },
  { term: 'arm', meaning: 'side of the experiment this call is on', attribute: 'routescope.experiment.arm', column: 'arm', row: 'both', type: text },

  // How it was routed.
  { term: 'route table version', meaning: 'content hash or given name of the whole route table', attribute: 'routescope.route.version', column: 'route_version', row: 'both', type: text },
  { term: 'policy', meaning: 'how the tier was picked: static, rules, classifier, cascade, hybrid', attribute: 'routescope.route.policy', column: 'policy', row: 'both', type: text },
  { term: 'route reason', meaning: 'why this tier: default, a rule, a feature, simple, moderate, complex, override, budget, circuit_open, rate_limit, experiment', attribute: 'routescope.route.reason', column: 'route_reason', row: 'both', type: text },
  { term: 'quality bar', meaning: "least score an answer of the tag must reach, as its route says", attribute: 'routescope.quality.bar', column: 'quality_bar', row: 'call', type: 'Nullable(Float64)', unit: '1' },
  { term: 'decision time', meaning: "from the call's start until its first tier was picked, a classifier's answer included", attribute: 'routescope.decision.duration', column: 'decision_s', row: 'call', type: 'Nullable(Float64)', unit: 's' },
  { term: 'decision cost', meaning: "what a classifier took to pick the tier: a call of its own, not in this call's cost", attribute: 'routescope.decision.cost', column: 'decision_cost_usd', row: 'call', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'diversions', meaning: "deployments passed over, not asked, because their provider's circuit was open or its rate limit near", attribute: 'routescope.divert.count', column: 'diverted_count', row: 'call', type: 'UInt16' },
  { term: 'diversion cause', meaning: 'why the first of them was passed over: circuit_open, rate_limit', attribute: 'routescope.divert.cause', column: 'divert_cause', row: 'call', type: text },

  // The attempt: which tier, which try, and why.
  { term: 'tier', meaning: 'name of the place in the route', attribute: 'routescope.tier.name', column: 'tier', row: 'attempt', type: text },
  { term: 'tier rank', meaning: 'place in the route, 0 = cheapest', attribute: 'routescope.tier.rank', column: 'tier_rank', row: 'attempt', type: 'Nullable(UInt16)' },
  { term: 'deployment', meaning: 'which of the equivalent deployments of the tier', attribute: 'routescope.deployment.name', column: 'deployment', row: 'attempt', type: text },
  { term: 'mismatch', meaning: 'what was asked for or served and is not what the route says: request_model, response_model, max_tokens, temperature', attribute: 'routescope.route.mismatch', column: 'mismatch', row: 'attempt', type: 'Array(String)' },
  { term: 'attempt number', meaning: 'which try within the call, from 1', attribute: 'routescope.attempt.number', column: 'attempt_number', row: 'attempt', type: 'Nullable(UInt16)', otherwise: '1' },
  { term: 'attempt reason', meaning: 'why this attempt exists: first; retry or failover after a failure; rerun or fallback after a rejected answer', attribute: 'routescope.attempt.reason', column: 'attempt_reason', row: 'attempt', type: text, otherwise: "'first'" },
  { term: 'attempt cause', meaning: 'what the attempt before it died of', attribute: 'routescope.attempt.cause', column: 'attempt_cause', row: 'attempt', type: text },
  { term: 'step', meaning: 'which inference of the attempt, from 1, in a tool loop', attribute: 'routescope.attempt.step', column: 'step', row: 'attempt', type: 'Nullable(UInt16)' },

  // The inference.
  { term: 'operation', meaning: 'kind of inference', attribute: 'gen_ai.operation.name', column: 'operation', row: 'attempt', type: text, alsoRead: ['llm.request.type'] },
  { term: 'provider', meaning: 'who answered', attribute: 'gen_ai.provider.name', column: 'provider', row: 'attempt', type: text, alsoRead: ['gen_ai.system', 'llm.provider'] },
  { term: 'server address', meaning: 'host that was asked', attribute: 'server.address', column: 'server_address', row: 'attempt', type: text },
  { term: 'request model', meaning: 'model asked for', attribute: 'gen_ai.request.model', column: 'request_model', row: 'attempt', type: text, alsoRead: ['llm.request.model', 'llm.model_name', 'ai.model.id'] },
  { term: 'response model', meaning: 'model that answered', attribute: 'gen_ai.response.model', column: 'response_model', row: 'attempt', type: text, alsoRead: ['llm.response.model', 'ai.response.model'] },
  { term: 'response id', meaning: "the provider's id of the answer", attribute: 'gen_ai.response.id', column: 'response_id', row: 'attempt', type: 'String', alsoRead: ['ai.response.id'] },
  { term: 'finish reasons', meaning: 'why the model stopped, one per choice, as the provider said it', attribute: 'gen_ai.response.finish_reasons', column: 'finish_reasons', row: 'attempt', type: 'Array(String)' },
  { term: 'error type', meaning: 'what went wrong, of low cardinality', attribute: 'error.type', column: 'error_type', row: 'both', type: text },
  { term: 'stream', meaning: 'the answer was asked for as a stream', attribute: 'gen_ai.request.stream', column: 'stream', row: 'attempt', type: 'Bool' },
  { term: 'stream outcome', meaning: 'who ended the stream: complete, cancelled, error, abandoned', attribute: 'routescope.stream.outcome', column: 'stream_outcome', row: 'attempt', type: text },
  { term: 'ending', meaning: 'how the inference came to its end: complete, break, aborted, failed, failed_midway, never_awaited, never_read, abandoned, raw', attribute: 'routescope.ending', column: 'ending', row: 'attempt', type: text },
  { term: 'resends', meaning: 'how often the client sent the request again by itself', attribute: 'http.request.resend_count', column: 'resend_count', row: 'attempt', type: 'Nullable(UInt16)' },
  { term: 'time to first chunk', meaning: 'from the request to the first chunk of the stream', attribute: 'gen_ai.response.time_to_first_chunk', column: 'time_to_first_chunk_s', row: 'attempt', type: 'Nullable(Float64)', unit: 's' },

  // Usage: input includes cache reads and writes, output includes reasoning.
  { term: 'input tokens', meaning: 'tokens read by the model, cache reads and writes included', attribute: 'gen_ai.usage.input_tokens', column: 'input_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens', 'llm.token_count.prompt', 'ai.usage.inputTokens', 'ai.usage.promptTokens'] },
  { term: 'output tokens', meaning: 'tokens written by the model, reasoning included', attribute: 'gen_ai.usage.output_tokens', column: 'output_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens', 'llm.token_count.completion', 'ai.usage.outputTokens', 'ai.usage.completionTokens'] },
  { term: 'cache read tokens', meaning: 'part of the input read from the prompt cache', attribute: 'gen_ai.usage.cache_read.input_tokens', column: 'cache_read_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['gen_ai.usage.cache_read_input_tokens', 'llm.token_count.prompt_details.cache_read', 'ai.usage.cachedInputTokens'] },
  { term: 'cache write tokens', meaning: 'part of the input written to the prompt cache', attribute: 'gen_ai.usage.cache_write.input_tokens', column: 'cache_write_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_creation_input_tokens', 'llm.token_count.prompt_details.cache_write', 'ai.usage.inputTokenDetails.cacheWriteTokens'] },
  { term: 'reasoning tokens', meaning: 'part of the output spent on reasoning', attribute: 'gen_ai.usage.reasoning.output_tokens', column: 'reasoning_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['gen_ai.usage.reasoning_tokens', 'llm.token_count.completion_details.reasoning', 'ai.usage.reasoningTokens'] },
  { term: 'one-hour cache write tokens', meaning: 'part of the cache writes that went to the dearer one-hour cache', attribute: 'anthropic.usage.cache_creation.ephemeral_1h_input_tokens', column: 'cache_write_1h_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}' },
  { term: 'audio input tokens', meaning: 'part of the input that was audio', attribute: 'gen_ai.usage.audio.input_tokens', column: 'audio_input_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['llm.token_count.prompt_details.audio'] },
  { term: 'image input tokens', meaning: 'part of the input that was images', attribute: 'gen_ai.usage.image.input_tokens', column: 'image_input_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}' },
  { term: 'audio output tokens', meaning: 'part of the output that was audio', attribute: 'gen_ai.usage.audio.output_tokens', column: 'audio_output_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}', alsoRead: ['llm.token_count.completion_details.audio'] },
  { term: 'image output tokens', meaning: 'part of the output that was images', attribute: 'gen_ai.usage.image.output_tokens', column: 'image_output_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}' },
  { term: 'nested input tokens', meaning: 'input of inferences the provider made on the way with a model of its own; not in the input tokens', attribute: 'routescope.nested.input_tokens', column: 'nested_input_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}' },
  { term: 'nested output tokens', meaning: 'output of inferences the provider made on the way with a model of its own; not in the output tokens', attribute: 'routescope.nested.output_tokens', column: 'nested_output_tokens', row: 'attempt', type: 'Nullable(UInt64)', unit: '{token}' },
  { term: 'web searches', meaning: 'searches the provider ran and bills by the call', attribute: 'routescope.usage.web_searches', column: 'web_searches', row: 'attempt', type: 'Nullable(UInt64)', unit: '{search}' },
  { term: 'service tier', meaning: 'tier that served the answer, as the provider said it; prices go by it, or by the one asked for where the answer names none', attribute: 'routescope.service.tier', column: 'service_tier', row: 'attempt', type: text, alsoRead: ['openai.response.service_tier', 'anthropic.response.service_tier', 'gen_ai.openai.response.service_tier'] },
  { term: 'usage source', meaning: 'who said how many tokens: provider, estimated, missing', attribute: 'routescope.usage.source', column: 'usage_source', row: 'attempt', type: text, otherwise: "if(input_tokens IS NULL AND output_tokens IS NULL, 'missing', 'provider')" },

  // Cost.
  { term: 'cost', meaning: 'usage × price; on a call the sum over its attempts; NULL when unknown', attribute: 'routescope.cost.total', column: 'cost_usd', row: 'both', type: 'Nullable(Decimal(18, 12))', unit: 'USD', alsoRead: ['gen_ai.usage.cost.amount', 'llm.cost.total', 'gen_ai.cost.total_cost'] },
  { term: 'input cost', meaning: 'part of the cost: input neither read from nor written to the cache, of every modality', attribute: 'routescope.cost.input', column: 'input_cost_usd', row: 'attempt', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'cache read cost', meaning: 'part of the cost: input read from the cache; NULL when there was none', attribute: 'routescope.cost.cache_read', column: 'cache_read_cost_usd', row: 'attempt', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'cache write cost', meaning: 'part of the cost: input written to the cache; NULL when there was none', attribute: 'routescope.cost.cache_write', column: 'cache_write_cost_usd', row: 'attempt', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'output cost', meaning: 'part of the cost: output', attribute: 'routescope.cost.output', column: 'output_cost_usd', row: 'attempt', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'tools cost', meaning: 'part of the cost: web and file searches; NULL when there were none', attribute: 'routescope.cost.tools', column: 'tools_cost_usd', row: 'attempt', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'nested cost', meaning: 'part of the cost: inferences the provider made on the way with models of its own; NULL when there were none', attribute: 'routescope.cost.nested', column: 'nested_cost_usd', row: 'attempt', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'cost status', meaning: 'priced, partial (a floor) or unpriced (unknown)', attribute: 'routescope.cost.status', column: 'cost_status', row: 'both', type: text, otherwise: "if(cost_usd IS NULL, 'unpriced', 'priced')" },
  { term: 'cost missing', meaning: 'what was used and is not in the cost: a class of tokens or a tool without a price, a number nobody said', attribute: 'routescope.cost.missing', column: 'cost_missing', row: 'both', type: 'Array(String)' },
  { term: 'cost source', meaning: 'who said what it cost: local, provider, sidecar', attribute: 'routescope.cost.source', column: 'cost_source', row: 'both', type: text },
  { term: 'price version', meaning: 'the price catalog the cost was computed with', attribute: 'routescope.cost.price_version', column: 'price_version', row: 'both', type: text },

  // Verdict and ending.
  { term: 'validation', meaning: 'name of the check', attribute: 'routescope.validation.name', column: 'validation_name', row: 'both', type: text },
  { term: 'validation result', meaning: 'verdict: pass, fail, error (the check broke), none (nobody looked)', attribute: 'routescope.validation.result', column: 'validation_result', row: 'both', type: text, otherwise: "'none'" },
  { term: 'validation score', meaning: 'how good the answer was by the check, 0 to 1', attribute: 'routescope.validation.score', column: 'validation_score', row: 'both', type: 'Nullable(Float64)', unit: '1' },
  { term: 'validation reason', meaning: 'why the check said so, short and without content', attribute: 'routescope.validation.reason', column: 'validation_reason', row: 'both', type: text },
  { term: 'validation version', meaning: 'release of the check', attribute: 'routescope.validation.version', column: 'validation_version', row: 'both', type: text },
  { term: 'validation cost', meaning: "what checking took: a model as judge is a call of its own, not in this call's cost", attribute: 'routescope.validation.cost', column: 'validation_cost_usd', row: 'call', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },
  { term: 'outcome', meaning: 'how it ended: accepted, rejected, failed, canceled', attribute: 'routescope.outcome', column: 'outcome', row: 'both', type: text, otherwise: "if(StatusCode = 'Error', 'failed', 'accepted')" },

  // The call's own facts, carried whole by the call span so that a call row needs no join.
  { term: 'first tier', meaning: "the route's first choice", attribute: 'routescope.first.tier.name', column: 'first_tier', row: 'call', type: text },
  { term: 'first tier rank', meaning: "rank of the route's first choice", attribute: 'routescope.first.tier.rank', column: 'first_tier_rank', row: 'call', type: 'Nullable(UInt16)' },
  { term: 'first model', meaning: "model of the route's first choice", attribute: 'routescope.first.model', column: 'first_model', row: 'call', type: text },
  { term: 'final tier', meaning: 'the tier that served the call, or was tried last', attribute: 'routescope.final.tier.name', column: 'final_tier', row: 'call', type: text },
  { term: 'final tier rank', meaning: 'rank of the final tier', attribute: 'routescope.final.tier.rank', column: 'final_tier_rank', row: 'call', type: 'Nullable(UInt16)' },
  { term: 'final model', meaning: 'model that served the call, or was tried last', attribute: 'routescope.final.model', column: 'final_model', row: 'call', type: text },
  { term: 'attempts', meaning: 'tries the call took', attribute: 'routescope.attempt.count', column: 'attempt_count', row: 'call', type: 'UInt16' },
  { term: 'retries', meaning: 'attempts at the same model after a failure', attribute: 'routescope.retry.count', column: 'retry_count', row: 'call', type: 'UInt16' },
  { term: 'reruns', meaning: 'attempts at the same tier after a rejected answer', attribute: 'routescope.rerun.count', column: 'rerun_count', row: 'call', type: 'UInt16' },
  { term: 'fallbacks', meaning: 'attempts at a higher tier after a rejected answer', attribute: 'routescope.fallback.count', column: 'fallback_count', row: 'call', type: 'UInt16' },
  { term: 'failovers', meaning: 'attempts at another model after a failure', attribute: 'routescope.failover.count', column: 'failover_count', row: 'call', type: 'UInt16' },
  { term: 'fallback cause', meaning: 'what the first rejected answer died of', attribute: 'routescope.fallback.cause', column: 'fallback_cause', row: 'call', type: text },
  { term: 'failover cause', meaning: 'what the first failed attempt that led to a failover died of', attribute: 'routescope.failover.cause', column: 'failover_cause', row: 'call', type: text },
  { term: 'checked', meaning: 'the first answer came from a tier below the top and got a verdict; the denominator of the fallback rate', attribute: 'routescope.checked', column: 'checked', row: 'call', type: 'Bool' },
  { term: 'escalated', meaning: 'served by a higher tier than the first choice', attribute: 'routescope.escalated', column: 'escalated', row: 'call', type: 'Bool' },
  { term: 'baseline model', meaning: 'the model that would have served everything without routing', attribute: 'routescope.baseline.model', column: 'baseline_model', row: 'call', type: text },
  { term: 'baseline cost', meaning: 'the served answer’s tokens at the baseline model; an estimate of "no routing"', attribute: 'routescope.baseline.cost', column: 'baseline_cost_usd', row: 'call', type: 'Nullable(Decimal(18, 12))', unit: 'USD' },

  // On an evaluation result (`gen_ai.evaluation.result`), beside the conventions' own names.
  { term: 'scorer', meaning: 'who or what judged', attribute: 'routescope.scorer', column: 'scorer', row: 'score', type: text },
  { term: 'score id', meaning: 'tells several scores of one name by one scorer apart; empty: the newest replaces', attribute: 'routescope.score.id', column: 'score_id', row: 'score', type: 'String' },
] as const satisfies readonly Word[];

/** Every span attribute of ours and of the GenAI conventions that the product writes. */
export type Attribute = (typeof words)[number]['attribute'];

/** A column filled from span facts rather than from an attribute. */
export interface SpanColumn {
  readonly term: string;
  readonly meaning: string;
  readonly column: string;
  readonly row: Row;
  readonly type: string;
  readonly unit?: string;
}

/** Columns that come from the span itself. */
// biome-ignore format: a table is read by its rows
export const spanColumns = [
  { term: 'trace id', meaning: 'the trace, 32 hex digits', column: 'trace_id', row: 'both', type: 'String' },
  { term: 'span id', meaning: 'the attempt span, 16 hex digits', column: 'span_id', row: 'attempt', type: 'String' },
  { term: 'started at', meaning: 'when it began, UTC', column: 'started_at', row: 'both', type: "DateTime64(6, 'UTC')" },
  { term: 'duration', meaning: 'from the first byte sent to the last byte read; on a call, all of it', column: 'duration_s', row: 'both', type: 'Float64', unit: 's' },
  { term: 'sample weight', meaning: "calls that one stored span stands for: 1, or what the trace state's `ot=th:` says", column: 'weight', row: 'both', type: 'Float64', unit: '1' },
] as const satisfies readonly SpanColumn[];
