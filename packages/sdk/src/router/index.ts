export type { RouterEvent } from '../events.ts';
export type { AnthropicClient, ChatInput, ChatVia, OpenAIClient } from './adapters.ts';
export { anthropicMessages, openaiChat } from './adapters.ts';
export type { ChatReply } from './answer.ts';
export type { AttemptRecord } from './attempt.ts';
export type { Budget } from './budget.ts';
export type { CallRef } from './call.ts';
export type { LlmJudgeOptions } from './checks.ts';
export { jsonSchema, llmJudge } from './checks.ts';
export { declaredAttempts } from './compile.ts';
export { describeChanges } from './diff.ts';
export { BudgetError, RouteError } from './errors.ts';
export { armOf } from './experiment.ts';
export type { JsonTools } from './from-json.ts';
export { tableFromFile, tableFromJson } from './from-json.ts';
export type { CircuitChange, HealthOptions } from './health.ts';
export { Health } from './health.ts';
export type { LiveRoutes, LiveRoutesOptions } from './live.ts';
export { liveRoutes } from './live.ts';
export { plainTable } from './plain.ts';
export type { Confidence } from './policy/confidence.ts';
export { defaultConfidence, logprobConfidence, textConfidence } from './policy/confidence.ts';
export type {
  CascadePolicy,
  ClassifierPolicy,
  Decision,
  HybridPolicy,
  RoutePolicy,
  RulesPolicy,
  StaticPolicy,
} from './policy/policy.ts';
export { choose, classifierInput, complexityOf, tierOf } from './policy/policy.ts';
export type { Complexity, Condition, DeadRule, Rule } from './policy/rules.ts';
export { complexities, complexityRules, deadRules, firstMatch } from './policy/rules.ts';
export type { RouteSignals } from './policy/signals.ts';
export { Signals } from './policy/signals.ts';
export type { AnswerOf, Arm, Experiment, Routed, Router, RouterOptions } from './route.ts';
export { createRouter } from './route.ts';
export type { Deployment, Rerun, Route, Routes, RoutesOptions, RouteTable, Tier, TryOptions, Via } from './routes.ts';
export { routes } from './routes.ts';
export type { RouteCallOptions } from './run.ts';
export type { RouterStats } from './stats.ts';
export type { Check, CheckContext, Judgement, NamedValidator, StandardSchema, Validator, Verdict } from './validate.ts';
