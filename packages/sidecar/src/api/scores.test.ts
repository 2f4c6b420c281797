import { expect, test } from 'vitest';
import { scoreRows } from './scores.ts';

const call = {
  id: 'b'.repeat(16),
  traceId: 'a'.repeat(32),
  tag: 'critique-draft',
  tier: 'small',
  model: 'm',
  sessionId: 's',
  startedAt: 1_795_310_500_438.5,
};

test('a score takes the facts of its call along, with times to the microsecond', () => {
  const [row] = scoreRows({ scores: [{ call, name: 'helpful', value: 0.8, by: 'judge', at: 1_795_310_600_000 }] });
  expect(row).toMatchObject({
    tag: 'critique-draft',
    call_id: call.id,
    value: 0.8,
    scorer: 'judge',
    call_started_at: '1795310500.438500',
    scored_at: '1795310600.000000',
  });
});

test('an unknown value is null, never 0', () => {
  expect(scoreRows({ scores: [{ call, name: 'helpful', label: 'good', at: 1 }] })[0]).toMatchObject({
    value: null,
    label: 'good',
  });
});

test('every field that is wrong is named', () => {
  expect(() => scoreRows({ scores: [{ call: { ...call, id: '' }, value: 'high', at: 'now' }] })).toThrow(
    'scores[0].call.id: expected a text that is not empty; scores[0].name: expected a text that is not empty; scores[0].value: expected a number; scores[0].at: expected epoch milliseconds',
  );
  expect(() => scoreRows([])).toThrow('expected {"scores": [ … ]}');
});

test('a call named by its id alone waits for its facts; an id of the score and a correction are kept', () => {
  const at = 1_795_310_600_000;
  const [bare, named] = scoreRows({
    scores: [
      { call: call.id, name: 'helpful', value: 1, at },
      { call: { id: call.id }, name: 'human_override', value: true, id: 'f1', correction: 'better', at },
    ],
  });
  expect(bare).toMatchObject({ call_id: call.id, call_started_at: null, score_id: '' });
  expect(named).toMatchObject({ call_started_at: null, value: 1, score_id: 'f1', correction: 'better' });
});
