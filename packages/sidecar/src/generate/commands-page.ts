/** docs/commands.md: what each command says of itself with --help. */
import { helpOf } from '../cli/command.ts';
import { commands } from '../cli/commands.ts';

export const commandsPage = (): string => `# Commands

In a checkout it is \`npm run routescope -- COMMAND\`, installed it is \`npx routescope COMMAND\`. An option not given on the
command line is read from the environment variable in brackets. Exit codes: 0 done, 1 failed, 2 the arguments are wrong.

Generated from the commands themselves by \`npm run generate\`.
${commands.map((command) => `\n## ${command.name}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`).join('')}`;
