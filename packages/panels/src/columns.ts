/** Columns as most panels have them; what differs is given. */
import type { Column, Unit } from './definition.ts';

type More = Partial<Omit<Column, 'name' | 'title' | 'unit'>>;

const column =
  (unit: Unit, type: string) =>
  (name: string, title: string, more: More = {}): Column => ({ name, title, unit, type, ...more });

export const usd = column('usd', 'Nullable(Decimal(38, 12))');
export const share = column('share', 'Nullable(Float64)');
export const seconds = column('s', 'Float64');
export const score = column('score', 'Nullable(Float64)');
export const counted = column('count', 'UInt64');
export const plain = column('number', 'Nullable(Float64)');

export const noCalls =
  'No calls yet: wrap the client with observe() and start(), or send OTLP traces to the sidecar, by default at http://127.0.0.1:4318/v1/traces.';
export const noChecks =
  'No checked answers yet: give the route a validator and a second tier, so that a rejected first answer has somewhere to go.';
export const noScores =
  'No scores yet: send one with score(call, { name, value }), or POST it to the sidecar at /v1/scores.';
export const noPrices =
  'No calls with a known cost yet: the model may be new to the price catalog; give its price with start({ prices }).';
