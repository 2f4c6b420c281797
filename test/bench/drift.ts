/**
 * The drift detector against simulated streams and the exact optimum: false alarms in every world, delays, releases,
 * what an alarm says, recovery. docs/drift.md explains the figures and publishes the full run.
 */

import { alarmsOfSpending, type rules, type Spending } from './drift/burn.ts';
import { look } from './drift/look.ts';
import { optimalDelay } from './drift/optimum.ts';
import { minutesUntilShiftTold, type Routing } from './drift/routing.ts';
import { creep, recover, run, type Trial } from './drift/run.ts';
import { costs, latencies, type Numbers, overrides, scores, unitsUntilTold } from './drift/signals.ts';
import type { World } from './drift/worlds.ts';
import { type Figure, figure } from './figure.ts';

const traffic = [200, 2_000] as const;
const rates = [0.01, 0.02, 0.05] as const;
const limit = 0.63;

type Shape = Omit<World, 'name' | 'callsPerHour' | 'rate'> & Partial<Pick<World, 'rate'>>;
const everything: Shape = { cycle: [0.3, 0], hourly: 0.2, daily: 0.05, sessions: 0.1 };
/** What no detector may take for news; 2 % of calls fall back where nothing else is said. */
const worlds: Readonly<Record<string, Shape>> = {
  iid: {},
  cycle: { cycle: [0.6, 0.8] },
  hourly: { hourly: 0.2 },
  daily: { daily: 0.1 },
  'sessions 0.1': { sessions: 0.1 },
  'sessions 0.3': { sessions: 0.3 },
  everything,
  // One session in five falls back: trials, not rare events.
  'everything at 5 %': { ...everything, rate: 0.05 },
  'everything in long chats': { ...everything, sessions: 0.3, callsPerSession: 20 },
};

const mean = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0) / values.length;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const fourWeeks = 40_320;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Delays in minutes; four weeks where nothing was found. */
const delays = (runs: number, seed: number, trial: Omit<Trial, 'seed'>): number[] =>
  Array.from({ length: runs }, (_, i) => run({ ...trial, seed: seed + i })?.delay ?? fourWeeks);

/** A share of `runs`, with what chance leaves open (95 %, one side). */
function shareFigure(name: string, value: number, runs: number, goal: number, isAtMost = true): Figure {
  const doubt = 1.65 * Math.sqrt(Math.max(value * (1 - value), 0.05) / runs);
  const round = (x: number): number => Number(Math.min(1, Math.max(0, x)).toFixed(4));
  return {
    name,
    unit: '1',
    value: round(value),
    min: round(value - doubt),
    max: round(value + doubt),
    goal: `${isAtMost ? 'at most' : 'at least'} ${goal} (${runs} runs)`,
    met: isAtMost ? value - doubt <= goal : value + doubt >= goal,
  };
}

export async function drift(options: { readonly quick: boolean; readonly seed: number }): Promise<readonly Figure[]> {
  const { quick, seed } = options;
  const figures: Figure[] = [];

  // Delay against the optimum, cell by cell.
  const delayRuns = quick ? 80 : 400;
  const cells: { name: string; multiple: number; ratio: number; error: number }[] = [];
  for (const callsPerHour of traffic)
    for (const rate of rates)
      for (const multiple of [4, 2]) {
        const world = { name: 'iid', callsPerHour, rate };
        const found = delays(delayRuns, seed, { world, change: { multiple, ramp: 0 } });
        const best = (optimalDelay(rate, rate * multiple, (callsPerHour / 60) * fourWeeks) / callsPerHour) * 60;
        const ratio = mean(found) / best;
        const spread = Math.sqrt(mean(found.map((each) => (each - mean(found)) ** 2)) / delayRuns) / best;
        cells.push({ name: `${rate * 100} % x${multiple} at ${callsPerHour}/h`, multiple, ratio, error: spread });
        say(
          `${cells.at(-1)?.name}: mean ${mean(found).toFixed(1)} min, median ${median(found).toFixed(1)}, optimum ${best.toFixed(1)}, ratio ${ratio.toFixed(2)}`,
        );
      }
  const of = (multiple: number): Cell[] => cells.filter((cell) => cell.multiple === multiple);
  figures.push(ratioFigure('delay_ratio_4x', of(4), 1.35), ratioFigure('delay_ratio_2x', of(2), 1.5));
  const worst = cells.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  figures.push({
    name: 'delay_ratio_worst_cell',
    unit: '1',
    value: Number(worst.ratio.toPrecision(4)),
    min: Number((worst.ratio - 2 * worst.error).toPrecision(4)),
    max: Number((worst.ratio + 2 * worst.error).toPrecision(4)),
    goal: `at most 1.6 (${worst.name}, ${delayRuns} runs a cell)`,
    met: worst.ratio - 2 * worst.error <= 1.6,
  });

  // False alarms in four weeks, world by world.
  const nullRuns = quick ? 10 : 150;
  let highest = -1;
  let highestName = '';
  for (const [name, shape] of Object.entries(worlds))
    for (const callsPerHour of quick ? [200] : traffic) {
      const world: World = { name, callsPerHour, rate: 0.02, ...shape };
      let alarms = 0;
      for (let i = 0; i < nullRuns; i++) if (run({ world, seed: seed + 5_000 + i })) alarms++;
      const p = alarms / nullRuns;
      if (p > highest) [highest, highestName] = [p, `${name} at ${callsPerHour}/h`];
      say(`no change, ${name} at ${callsPerHour}/h: ${alarms} of ${nullRuns} alarm in four weeks`);
      figures.push(shareFigure(`p_false_alarm_4w ${name} ${callsPerHour}/h`, p, nullRuns, limit));
    }
  const worstWorld = shareFigure('p_false_alarm_4w_worst_world', highest, nullRuns, limit);
  figures.push({ ...worstWorld, goal: `${worstWorld.goal}: ${highestName}` });

  // With a release marker at the change.
  const markerRuns = quick ? 30 : 200;
  const markerRatios: number[] = [];
  for (const callsPerHour of traffic)
    for (const [rate, multiple] of [
      [0.02, 4],
      [0.02, 2],
      [0.005, 4],
    ] as const) {
      const trial = { world: { name: 'iid', callsPerHour, rate }, change: { multiple, ramp: 0 } };
      const without = median(delays(markerRuns, seed + 20_000, trial));
      const withMarker = median(delays(markerRuns, seed + 20_000, { ...trial, markerAfter: 0 }));
      markerRatios.push(withMarker / without);
      say(
        `${rate * 100} % x${multiple} at ${callsPerHour}/h: median ${without.toFixed(1)} min, with a marker ${withMarker.toFixed(1)}`,
      );
    }
  figures.push(
    ratioFigure(
      'marker_delay_ratio',
      markerRatios.map((ratio) => ({ ratio, error: 0 })),
      0.65,
    ),
  );

  figures.push(...honesty(quick ? 30 : 200, seed));
  figures.push(...seasons(quick ? 6 : 20, seed));
  figures.push(...signals(quick ? 2 : 30, seed), ...routing(quick ? 1 : 30, seed));
  figures.push(...burning(quick ? 1 : 30, seed));
  if (!quick) figures.push(...farTraffic(seed), ...creeps(seed));
  figures.push(...(await look({ quick })));
  return figures;
}

interface Cell {
  readonly ratio: number;
  /** Standard error of the ratio. */
  readonly error: number;
}

/** Mean over the cells, held to the goal within two standard errors; least and most are those of a cell. */
function ratioFigure(name: string, cells: readonly Cell[], goal: number): Figure {
  const ratios = cells.map((cell) => cell.ratio);
  const error = Math.sqrt(cells.reduce((sum, cell) => sum + cell.error ** 2, 0)) / cells.length;
  const doubt = error > 0 ? ` ± ${(2 * error).toFixed(3)}` : '';
  return {
    ...figure(name, '1', ratios, `at most ${goal}${doubt}, mean over ${cells.length} cells`, () => true),
    value: Number(mean(ratios).toPrecision(4)),
    met: mean(ratios) - 2 * error <= goal,
  };
}

/**
 * Traffic beyond what the goals speak of. The optimum knows no minutes and needs no history; a median may be half as long
 * again, or 2.5 minutes longer.
 */
function farTraffic(seed: number): Figure[] {
  const runs = 100;
  const figures: Figure[] = [];
  for (const callsPerHour of [20, 20_000]) {
    const excesses: number[] = [];
    for (const rate of rates)
      for (const multiple of [4, 2]) {
        const world = { name: 'iid', callsPerHour, rate };
        const found = delays(runs, seed + 60_000, { world, change: { multiple, ramp: 0 } });
        const best = (optimalDelay(rate, rate * multiple, (callsPerHour / 60) * fourWeeks) / callsPerHour) * 60;
        excesses.push(median(found) / Math.max(1.5 * best, best + 2.5));
        say(
          `${rate * 100} % x${multiple} at ${callsPerHour}/h: mean ${mean(found).toFixed(1)} min, median ${median(found).toFixed(1)}, optimum ${best.toFixed(1)}, ratio ${(mean(found) / best).toFixed(2)}`,
        );
      }
    const worst = Math.max(...excesses);
    figures.push(
      figure(
        `median_delay_of_allowed ${callsPerHour}/h`,
        '1',
        excesses,
        'at most 1 in every cell: 1.5 times the optimum, or 2.5 min more',
        () => worst <= 1,
      ),
    );
    let alarms = 0;
    const months = 30;
    for (let i = 0; i < months; i++)
      if (run({ world: { name: 'iid', callsPerHour, rate: 0.02 }, seed: seed + 70_000 + i })) alarms++;
    figures.push(shareFigure(`p_false_alarm_4w iid ${callsPerHour}/h`, alarms / months, months, limit));
  }
  return figures;
}

/** Whether what an alarm says is true: where the change lies, how large it is for certain; and when it is over. */
function honesty(runs: number, seed: number): Figure[] {
  const found = [];
  let overstated = 0;
  for (let i = 0; i < runs; i++) {
    const multiple = i % 2 ? 2 : 4;
    const world = { name: 'iid', callsPerHour: i % 4 < 2 ? 200 : 2_000, rate: 0.02 };
    const alarm = run({ world, seed: seed + 30_000 + i, change: { multiple, ramp: 0 } });
    if (!alarm) continue;
    found.push(alarm);
    if (alarm.confirmed() > multiple) overstated++;
  }
  const returns = Array.from({ length: Math.ceil(runs / 2) }, (_, i) =>
    recover({
      world: { name: 'iid', callsPerHour: 200, rate: 0.02 },
      seed: seed + 40_000 + i,
      change: { multiple: 4, ramp: 0 },
    }),
  ).filter((minutes) => minutes !== undefined);
  const after = returns.filter((minutes) => minutes >= 0);
  say(
    `an incident that is over (8 % back to 2 % at 200/h) is closed after ${median(after).toFixed(0)} min, the median of ${after.length}`,
  );
  return [
    shareFigure(
      'change_set_coverage',
      found.filter(({ isCovered }) => isCovered).length / found.length,
      found.length,
      0.85,
      false,
    ),
    shareFigure('confirmed_multiple_overstated', overstated / found.length, found.length, 0.1),
    figure(
      'recovery_calls',
      '{call}',
      after.map((minutes) => (minutes / 60) * 200),
      'at most 600 after 8 % went back to 2 %',
      (value) => value <= 600,
    ),
    shareFigure('recovery_too_early', 1 - after.length / returns.length, returns.length, 0.1),
  ];
}

/** Latency, cost, scores and overrides: how soon a change is told, and how often none is. */
function signals(runs: number, seed: number): Figure[] {
  const cases: readonly (readonly [name: string, numbers: Numbers, goal: number])[] = [
    ['exceedance_calls all calls 1.3 times slower', latencies(2_000, 1.3), 1_500],
    ['exceedance_calls 8 % of calls 5 times slower', latencies(2_000, 5, 0.08), 1_500],
    ['exceedance_sessions half as dear again', costs(200, 1.5), 600],
    ['exceedance_scores mean 0.85 to 0.75', scores(200, 0.85, 0.75), 600],
    ['override_units 3 to 9 %', overrides(200, 0.03, 0.09), 600],
  ];
  const figures = cases.map(([name, numbers, goal], at) => {
    const monthOf = (numbers.unitsPerHour / 60) * fourWeeks;
    const units = Array.from(
      { length: runs },
      (_, i) => unitsUntilTold(numbers, seed + 90_000 + 100 * at + i, true) ?? monthOf,
    );
    say(`${name} at ${numbers.unitsPerHour}/h: told after ${median(units).toFixed(0)} units, the median of ${runs}`);
    return figure(name, '{unit}', units, `at most ${goal} (${runs} runs)`, (value) => value <= goal);
  });
  for (const [name, numbers] of [
    ['exceedance_p_false_alarm_4w 200/h', latencies(200)],
    ['exceedance_p_false_alarm_4w cost 200/h', costs(200)],
    ['exceedance_p_false_alarm_4w score 200/h', scores(200)],
    ['override_p_false_alarm_4w 200/h', overrides(200)],
  ] as const) {
    const alarms = Array.from({ length: runs }, (_, i) => unitsUntilTold(numbers, seed + 95_000 + i, false)).filter(
      (units) => units !== undefined,
    ).length;
    say(`no change, ${name}: ${alarms} of ${runs} alarm in four weeks`);
    figures.push(shareFigure(name, alarms / runs, runs, partOfPromise));
  }
  return figures;
}

/** Each of the five may be told falsely once in twenty-five times as long as fallbacks. */
const partOfPromise = 0.04;

/** Shares of models that move under one table: how soon that is told of a tag, and how often when none does. */
function routing(runs: number, seed: number): Figure[] {
  const three = [0.6, 0.3, 0.1];
  const cases: readonly (readonly [name: string, routing: Routing, goal: number])[] = [
    ['80/20 to 60/40', { unitsPerHour: 200, shares: [0.8, 0.2], after: [0.6, 0.4] }, 240],
    ['80/20 to 100/0', { unitsPerHour: 200, shares: [0.8, 0.2], after: [1, 0] }, 240],
    ['60/30/10 to 60/20/20', { unitsPerHour: 200, shares: three, after: [0.6, 0.2, 0.2] }, 240],
    ['60/30/10 to 50/38/12', { unitsPerHour: 2_000, shares: three, after: [0.5, 0.38, 0.12] }, 240],
  ];
  const figures = cases.map(([name, routing, goal], at) => {
    const minutes = Array.from(
      { length: runs },
      (_, i) => minutesUntilShiftTold(routing, seed + 100_000 + 100 * at + i) ?? fourWeeks,
    );
    const where = `${name} at ${routing.unitsPerHour}/h`;
    say(`routing ${where}: told after ${median(minutes).toFixed(0)} min, the median of ${runs}`);
    return figure(`routing_delay ${where}`, 'min', minutes, `at most ${goal} (${runs} runs)`, (value) => value <= goal);
  });
  for (const [name, world] of [
    ['iid 200/h', { unitsPerHour: 200 }],
    ['cycle 200/h', { unitsPerHour: 200, cycle: 0.6 }],
    ['hourly 200/h', { unitsPerHour: 200, hourly: 0.2 }],
    ['hourly 2000/h', { unitsPerHour: 2_000, hourly: 0.2 }],
  ] as const) {
    const alarms = Array.from({ length: runs }, (_, i) =>
      minutesUntilShiftTold({ shares: three, ...world }, seed + 105_000 + i),
    ).filter((minutes) => minutes !== undefined).length;
    say(`no shift of routing, ${name}: ${alarms} of ${runs} alarm in four weeks`);
    figures.push(shareFigure(`routing_p_false_alarm_4w ${name}`, alarms / runs, runs, partOfPromise));
  }
  return figures;
}

const ruleNames: Readonly<Record<keyof typeof rules, string>> = {
  burn: 'cost_burn',
  mean: 'half as much again as the mean hour',
  highest: 'a tenth more than the dearest hour',
  detector: 'the detector',
};

/** Spending that doubles or quadruples: how soon `cost_burn` says so, how often it does when none did; and plain limits. */
function burning(runs: number, seed: number): Figure[] {
  const shapes: Readonly<Record<string, Omit<Spending, 'callsPerHour'>>> = {
    iid: {},
    daily: { daily: 0.8 },
    weekly: { daily: 0.8, weekend: 0.3 },
    bursts: { bursts: 2 },
  };
  return Object.entries(shapes).flatMap(([name, shape]) =>
    (runs < 10 ? [200] : [20, 200]).flatMap((callsPerHour) => {
      const told = (rule: keyof typeof rules, multiple: number, first: number): number[][] =>
        Array.from({ length: runs }, (_, i) =>
          alarmsOfSpending(rule, { callsPerHour, ...shape, multiple }, seed + first + i),
        );
      const found = (rule: keyof typeof rules) => ({
        falsely: told(rule, 1, 110_000).map((alarms) => alarms.length),
        doubled: told(rule, 2, 111_000).map(([first = fourWeeks]) => first),
        quadrupled: told(rule, 4, 112_000).map(([first = fourWeeks]) => first),
      });
      const where = `${name} ${callsPerHour}/h`;
      const all = { mean: found('mean'), highest: found('highest'), detector: found('detector'), burn: found('burn') };
      for (const [rule, { falsely, doubled, quadrupled }] of Object.entries(all))
        say(
          `spending, ${where}, by ${ruleNames[rule as keyof typeof rules]}: ${mean(falsely).toFixed(1)} false alarms in four weeks, doubled ${median(doubled)} min, quadrupled ${median(quadrupled)}`,
        );
      const { falsely, doubled, quadrupled } = all.burn;
      const most = name === 'bursts' ? 2 : 1;
      return [
        {
          ...figure(
            `burn_false_alarms_4w ${where}`,
            '1',
            falsely,
            `a mean of at most ${most} (${runs} runs)`,
            () => true,
          ),
          value: Number(mean(falsely).toFixed(2)),
          met: mean(falsely) <= most,
        },
        figure(`burn_doubled ${where}`, 'min', doubled, 'at most 1440', (value) => value <= 1_440),
        figure(`burn_quadrupled ${where}`, 'min', quadrupled, 'at most 720', (value) => value <= 720),
      ];
    }),
  );
}

/** A rate that doubles within half a year: too slowly for four weeks of counts, and seen against what is pinned. */
function creeps(seed: number): Figure[] {
  const runs = 12;
  const world: World = { name: 'creep', callsPerHour: 200, rate: 0.02 };
  const found = (multiple: number, isPinned: boolean): number[] =>
    Array.from({ length: runs }, (_, i) => creep(world, seed + 80_000 + i, multiple, 180, isPinned)).filter(
      (days) => days !== undefined,
    );
  const [withPins, without, still] = [found(2, true), found(2, false), found(1, true)];
  say(
    `2 % that doubles within 180 days: found in ${withPins.length} of ${runs} with pins after ${median(withPins).toFixed(0)} days, in ${without.length} without after ${median(without).toFixed(0)}`,
  );
  const months = (runs * 180) / 28;
  return [
    shareFigure('creep_found_with_pins', withPins.length / runs, runs, 0.9, false),
    figure('creep_found_after', 'd', withPins, 'before 180, in half a year', (value) => value < 180),
    shareFigure('p_false_alarm_4w with pins', 1 - Math.exp(-still.length / months), Math.round(months), limit),
  ];
}

/** Weekends with half as many fallbacks again: told from a change once two weeks are known. */
function seasons(runs: number, seed: number): Figure[] {
  const world: World = { name: 'weekend', callsPerHour: 200, rate: 0.02, weekend: 1.5 };
  const alarms = (history: number): number =>
    Array.from({ length: runs }, (_, i) => run({ world, history, seed: seed + 50_000 + i })).filter(Boolean).length;
  return [
    shareFigure('p_false_alarm_4w weekend, after 28 days', alarms(28) / runs, runs, limit),
    shareFigure('p_false_alarm_4w weekend, after 7 days', alarms(7) / runs, runs, 1),
  ];
}
