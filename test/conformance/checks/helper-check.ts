/** How a check of a helper is made: side by side, and then the spans are looked at. */
import assert from 'node:assert/strict';
import { type Check, hasAttributes, type Scenario, type Spans } from '../trial.ts';
import type { Script } from '../wire.ts';

export type Exempt = Check['exempt'];
type Make = (
  name: string,
  script: Script,
  scenario: Scenario,
  more?: { spans?: (spans: Spans) => void; exempt?: Exempt },
) => Check;

const one = (spans: Spans): void =>
  spans.has({ 'routescope.ending': 'complete', 'routescope.usage.source': 'provider' });
/** That many turns of a loop, numbered. */
export const steps = (count: number) => (spans: Spans) => {
  assert.equal(spans.all.length, count);
  for (const [index, span] of spans.all.entries()) hasAttributes(span, { 'routescope.attempt.step': index + 1 });
};

export const make: Make = (name, script, scenario, { spans = one, exempt } = {}) => ({
  group: 'helpers',
  name,
  exempt,
  run: async (trial) => spans((await trial.same(script, scenario)).spans),
});

/** What parsed answers are asked for. */
export const schema = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
  additionalProperties: false,
};
