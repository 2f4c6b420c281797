import { type Ask, type PanelRow, reported, sqlOf } from '@routescope/panels';
import { expect, test } from 'vitest';
import { type ReportOptions, report } from './report.ts';

const time = '2026-11-17 12:00:00';
const rows: Readonly<Record<string, readonly PanelRow[]>> = {
  cost_per_session: [
    {
      time,
      tag: 'classify-intent',
      cost_per_session_usd: 0.000181,
      sessions: 1210,
      session_cost_usd: 0.21901,
      session_priced_calls: 1210,
      session_calls: 1210,
    },
    {
      time,
      tag: 'draft',
      cost_per_session_usd: null,
      sessions: 30,
      session_cost_usd: null,
      session_priced_calls: 0,
      session_calls: 44,
    },
    {
      time,
      tag: 'synthesize-answer',
      cost_per_session_usd: 0.012345678,
      sessions: 1208,
      session_cost_usd: 14.9135,
      session_priced_calls: 1190,
      session_calls: 1208,
    },
  ],
  score_per_tag: [
    { time, tag: 'synthesize-answer', score_name: 'grounded', mean_score: 0.8125, scores: 96 },
    { time, tag: 'synthesize-answer', score_name: 'helpful', mean_score: 0.5, scores: 4 },
  ],
  fallback_rate: [
    {
      time,
      tag: 'classify-intent',
      fallback_rate: 0.08,
      fallbacks: 80,
      checked_calls: 1000,
      failover_rate: 0.05,
      failovers: 50,
      calls: 1000,
    },
    {
      time,
      tag: 'draft',
      fallback_rate: null,
      fallbacks: 0,
      checked_calls: 0,
      failover_rate: 0,
      failovers: 0,
      calls: 44,
    },
    {
      time,
      tag: '',
      fallback_rate: 0.021,
      fallbacks: 21,
      checked_calls: 1000,
      failover_rate: 0,
      failovers: 0,
      calls: 1208,
    },
  ],
  savings: [
    {
      time,
      saved_share: 0.61,
      saved_usd: 23.5,
      cost_usd: 15.1325,
      baseline_cost_usd: 38.6325,
      compared_share: 0.975,
      compared_calls: 2400,
      calls: 2462,
    },
  ],
  latency_per_tier: [
    { time, tier: 'small', p50_s: 0.412, p95_s: 1.2, p99_s: 2.75, calls: 2300 },
    { time, tier: 'frontier', p50_s: 2.1, p95_s: 6.54, p99_s: 12.3, calls: 162 },
  ],
  routing_distribution: [
    { time, tier: 'small', call_share: 2300 / 2462, tier_calls: 2300, calls: 2462 },
    { time, tier: 'frontier', call_share: 162 / 2462, tier_calls: 162, calls: 2462 },
  ],
};

/** A store that holds `rows`, its newest call at 11:59 of the 24th, and notes what it was asked. */
function store(): { ask: Ask; asked: Record<string, unknown>[] } {
  const asked: Record<string, unknown>[] = [];
  const ask: Ask = async (sql, parameters) => {
    const panel = reported.find((candidate) => sqlOf(candidate) === sql);
    if (!panel) return [{ newest_s: String(Date.parse('2026-11-24T11:59:00Z') / 1_000) }];
    asked.push(parameters);
    return [...(rows[panel.id] ?? [])];
  };
  return { ask, asked };
}

const now = Date.parse('2026-11-24T12:00:00Z');

async function said(options: Partial<ReportOptions>, ask = store().ask): Promise<string> {
  const printed: string[] = [];
  await report(ask, { json: false, color: false, now, ...options }, (text) => printed.push(text));
  return printed.join('\n');
}

test('the report is tables under their questions, with denominators and what is not enough data', async () => {
  expect(await said({})).toMatchInlineSnapshot(`
    "Routescope report  2026-11-17 12:00 to 2026-11-24 12:00 UTC

    Cost per session by tag
    Which job makes a session expensive?
      tag                cost/session  sessions     cost  priced calls  of calls
      classify-intent       $0.000181     1,210   $0.219         1,210     1,210
      draft                   unknown        30  unknown             0        44
      synthesize-answer     $0.012346     1,208  $14.914         1,190     1,208

    Score per tag by its own rubric
    Is each job still good by its own yardstick?
      tag                score name  mean score  scores
      synthesize-answer  grounded         0.813      96
      synthesize-answer  helpful              -       4
      not enough data: mean score needs 10 scores; synthesize-answer helpful has 4

    Fallback rate per tag
    Is the first choice of model still good enough for each job?
      tag              fallback rate  fallbacks  of checked  failover rate  failovers  of calls
      classify-intent          8.0 %         80       1,000          5.0 %         50     1,000
      draft                        -          0           0              -          0        44
      (no tag)                 2.1 %         21       1,000          0.0 %          0     1,208
      not enough data: fallback rate needs 50 checked calls; draft has 0
      not enough data: failover rate needs 50 calls; draft has 44

    Human-override rate per tag
    Do people reject what we show them?
      not enough data: No outputs seen by a human yet: call shown(call) where a person sees the
      answer, and score(call, { name: 'human_override', value: 1 }) where they replace or reject it.

    Savings against no routing
    What does routing save, against every call at its baseline model? (an estimate: the same tokens
    at other prices)
      share saved   saved    cost  no routing  share compared  compared calls  of calls
           61.0 %  $23.50  $15.13      $38.63          97.5 %           2,400     2,462

    Latency per tier
    How long do people wait, by the tier that served the call?
      tier          p50      p95      p99  calls
      small     0.412 s  1.200 s  2.750 s  2,300
      frontier  2.100 s  6.540 s        -    162
      not enough data: p99 needs 500 calls; frontier has 162

    Routing distribution
    Which tier serves how much of the traffic?
      tier       share  calls  of calls
      small     93.4 %  2,300     2,462
      frontier   6.6 %    162     2,462"
  `);
});

test('no line is longer than 100 columns', async () => {
  expect(Math.max(...(await said({})).split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});

test('colours change no column', async () => {
  const coloured = await said({ color: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  const plain = coloured.replaceAll(/\u001b\[\d+m/g, '');
  expect(coloured).not.toBe(plain);
  expect(plain.replaceAll(/ +$/gm, '')).toBe(await said({}));
});

test('a range is whole minutes around the times asked for, and one point', async () => {
  const { ask, asked } = store();
  await said({ from: '-90m', to: '2026-11-24T12:00:30Z' }, ask);
  const to = Date.parse('2026-11-24T12:01:00Z') / 1_000;
  expect(asked[0]).toEqual({ from: to - 5_400, to, step_s: 5_400, environment: [], tag: [] });
});

test('with the newest call long ago, the report is of the week up to it and says so', async () => {
  const { ask, asked } = store();
  const text = await said({ now: Date.parse('2027-03-01T00:00:00Z') }, ask);
  expect(text).toContain('2026-11-17 12:00 to 2026-11-24 12:00 UTC');
  expect(text).toContain('The newest call is of 2026-11-24 11:59 UTC; this is the week up to it.');
  expect(asked[0]).toMatchObject({ to: now / 1_000 });
});

test('a range that was asked for is kept, and the newest call is named when it is not in it', async () => {
  const text = await said({ from: '2026-11-25', to: '2026-11-26' });
  expect(text).toContain('2026-11-25 00:00 to 2026-11-26 00:00 UTC');
  expect(text).toContain('The newest call is of 2026-11-24 11:59 UTC.');
});

test.each([
  [{ from: 'yesterday' }, '--from yesterday: expected an ISO time, now, or -7d, -24h, -90m'],
  [{ to: '2026-13-01' }, '--to 2026-13-01: expected an ISO time'],
  [{ from: 'now', to: '-1h' }, '--from 2026-11-24 11:00 is not before --to 2026-11-24 11:00'],
])('a time that makes no sense is named: %j', async (options, message) => {
  await expect(said(options)).rejects.toThrow(message);
});
