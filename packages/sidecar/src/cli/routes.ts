/** `routescope routes`: what can be asked of route tables, from files and from what was stored. */
import { withStore } from './ask.ts';
import { command, UsageError } from './command.ts';
import { data, json, token, url } from './options.ts';
import { parseTime } from './report.ts';
import { compareRoutes, compareText } from './routes-compare.ts';
import { diffRoutes } from './routes-diff.ts';
import { evalRoutes } from './routes-eval.ts';
import { experimentText, reportExperiment } from './routes-experiment.ts';
import { reportRoutes } from './routes-report.ts';

export const routesCommand = command({
  name: 'routes',
  operands: 'diff OLD NEW | compare V1 V2 | eval | report | experiment NAME',
  summary: 'what a change of routes means: in words and money, before and after, on a golden set',
  options: {
    dataset: { type: 'string', value: 'FILE', help: 'eval: the golden set, JSON lines, JSON or CSV' },
    table: {
      type: 'string',
      value: 'FILE',
      help: 'eval: the route table, JSON or a module; without one, complexity by its look',
    },
    tag: { type: 'string', value: 'TAG', help: 'eval: the tag whose policy is tried' },
    'max-complex-to-tier0': { type: 'string', value: 'SHARE', help: 'eval: exit 1 above it', otherwise: '0.1' },
    'input-tokens': { type: 'string', value: 'N', help: 'diff: of a typical call', otherwise: '1000' },
    'output-tokens': { type: 'string', value: 'N', help: 'diff: of a typical call', otherwise: '200' },
    by: {
      type: 'string',
      value: 'NAMES',
      help: 'report: tag, tier, feature, user_segment, version, arm, policy, reason; several with commas',
      otherwise: 'tag',
    },
    shares: { type: 'string', value: 'NAME=N,…', help: 'experiment: the arms’ shares; without them, even ones' },
    control: {
      type: 'string',
      value: 'ARM',
      help: 'experiment: the arm the others are compared with',
      otherwise: 'control',
    },
    from: { type: 'string', value: 'TIME', help: 'ISO time, or -7d, -24h, -90m before --to', otherwise: '-90d' },
    to: { type: 'string', value: 'TIME', help: 'ISO time, or as --from before now', otherwise: 'now' },
    url: { ...url, help: 'the sidecar to ask; with none running, the data directory is opened instead' },
    token,
    data,
    json,
  },
  async run({ values, given, positionals }, { print, log }) {
    const [what, ...operands] = positionals;
    const expect = (count: number, names: string): void => {
      if (operands.length !== count) throw new UsageError(`routes ${what} takes ${names}`);
    };
    const out = (text: string, data: object): void => print(values.json ? JSON.stringify(data) : text);
    const stored = (run: Parameters<typeof withStore>[1]): Promise<void> =>
      withStore(
        {
          url: values.url,
          token: values.token,
          dataDirectory: values.data,
          explicitUrl: given.has('url'),
          explicitData: given.has('data'),
          log,
        },
        run,
      );
    const range = (): { from: number; to: number } => {
      const to = parseTime('--to', values.to, Date.now());
      const from = parseTime('--from', values.from, to);
      if (from >= to) throw new UsageError('--from is not before --to');
      return { from: Math.floor(from / 1000), to: Math.ceil(to / 1000) + 1 };
    };
    switch (what) {
      case 'diff': {
        expect(2, 'two files, the old table and the new one');
        const usage = {
          input: amount('input-tokens', values['input-tokens']),
          output: amount('output-tokens', values['output-tokens']),
        };
        const { text, data } = await diffRoutes(operands[0] as string, operands[1] as string, usage, process.env);
        return out(text, data);
      }
      case 'eval': {
        expect(0, 'options only');
        if (values.dataset === undefined) throw new UsageError('routes eval needs --dataset FILE');
        const most = amount('max-complex-to-tier0', values['max-complex-to-tier0']);
        const { text, data } = await evalRoutes(
          { dataset: values.dataset, table: values.table, tag: values.tag, most },
          process.env,
        );
        if (!data.passed) process.exitCode = 1;
        return out(text, data);
      }
      case 'compare':
        expect(2, 'two versions, before and after');
        return stored(async (ask) => {
          const data = await compareRoutes(ask, operands[0] as string, operands[1] as string, range());
          out(compareText(data), data);
        });
      case 'report':
        expect(0, 'options only');
        return stored(async (ask) => {
          const { text, data } = await reportRoutes(
            ask,
            values.by.split(',').map((each) => each.trim()),
            range(),
          );
          out(text, data);
        });
      case 'experiment':
        expect(1, 'the name of an experiment');
        return stored(async (ask) => {
          const options = { name: operands[0] as string, shares: values.shares, control: values.control, ...range() };
          const data = await reportExperiment(ask, options);
          out(experimentText(data), data);
        });
      default:
        throw new UsageError(
          `${what === undefined ? 'say what to do' : JSON.stringify(what)}: routes takes diff, compare, eval, report or experiment`,
        );
    }
  },
});

function amount(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`--${name} ${text}: expected a number from 0`);
}
