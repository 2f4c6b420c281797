/** Every command of `routescope`, in the order of its help. */
import { backtestCommand } from './backtest.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import type { Command } from './command.ts';
import { dashboardsCommand } from './dashboards.ts';
import { doctor } from './doctor.ts';
import { forgetCommand } from './forget.ts';
import { migrateCommand } from './migrate.ts';
import { moveCommand } from './move.ts';
import { replay } from './replay.ts';
import { reportCommand } from './report.ts';
import { routesCommand } from './routes.ts';
import { serve } from './serve.ts';
import { simulateCommand } from './simulate.ts';
import { status } from './status.ts';

export const commands: readonly Command[] = [
  serve,
  reportCommand,
  routesCommand,
  backtestCommand,
  dashboardsCommand,
  simulateCommand,
  status,
  doctor,
  replay,
  migrateCommand,
  moveCommand,
  backupCommand,
  restoreCommand,
  forgetCommand,
];
