/**
 * A score as the GenAI conventions' event `gen_ai.evaluation.result`, for apps that have OpenTelemetry logs: it goes
 * wherever their log records go, as a child of the call's span. Arriving at the sidecar both ways, it is one score.
 */
import { type Context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { present } from './observe/facts.ts';
import { scopeName } from './observe/scope.ts';
import type { CallRef } from './router/call.ts';

interface Logs {
  getLogger(name: string): { emit(record: object): void };
}

/** Where `@opentelemetry/api-logs` keeps the app's provider; asked for by its key, so that it need not be installed. */
const key = Symbol.for('io.opentelemetry.js.api.logs');
const apiVersion = 1;

interface SentScore {
  readonly call: Partial<CallRef> & { readonly id: string };
  readonly name: string;
  readonly value?: number | boolean;
  readonly label?: string;
  readonly by?: string;
  readonly id?: string;
  readonly explanation?: string;
  readonly at: number;
}

/** Does nothing where the app has no log records. */
export function emitEvaluation(sent: SentScore): void {
  const registered = (globalThis as { [key]?: (version: number) => Logs | undefined })[key];
  const logs = typeof registered === 'function' ? registered(apiVersion) : undefined;
  if (!logs) return;
  const { call } = sent;
  logs.getLogger(scopeName).emit({
    eventName: 'gen_ai.evaluation.result',
    timestamp: sent.at,
    context: contextOf(call),
    attributes: present({
      'gen_ai.evaluation.name': sent.name,
      'gen_ai.evaluation.score.value': sent.value === undefined ? undefined : Number(sent.value),
      'gen_ai.evaluation.score.label': sent.label,
      'gen_ai.evaluation.explanation': sent.explanation,
      'gen_ai.conversation.id': call.sessionId || undefined,
      'routescope.call.id': call.id,
      'routescope.call.started_at': call.startedAt,
      'routescope.tag': call.tag,
      'routescope.tier.name': call.tier,
      'gen_ai.request.model': call.model,
      'routescope.scorer': sent.by,
      'routescope.score.id': sent.id,
    }),
  });
}

function contextOf({ id, traceId }: SentScore['call']): Context {
  if (!/^[0-9a-f]{16}$/.test(id) || !/^[0-9a-f]{32}$/.test(traceId ?? '')) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { spanId: id, traceId: traceId as string, traceFlags: TraceFlags.SAMPLED });
}
