/** The SDK versions the suite runs on, and how they get here: a folder of their own, installed when asked for. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { folder, npm } from '../install.ts';

export interface Version {
  /** As `--only` names it. */
  readonly name: string;
  readonly sdk: 'openai' | 'anthropic';
  /** The package, in the folder of its own. */
  readonly alias: string;
  /** One of those that `.ci/run` checks: the two newest of each SDK, and the newest Azure, Bedrock and Vertex. */
  readonly isNewest: boolean;
  /** The client is a cloud's variant of the SDK's. */
  readonly cloud?: CloudName;
}

export type CloudName = 'azure' | 'bedrock' | 'vertex' | 'foundry';

export const versions: readonly Version[] = [
  { name: 'openai@4', sdk: 'openai', alias: 'openai-4', isNewest: false },
  { name: 'openai@5', sdk: 'openai', alias: 'openai-5', isNewest: false },
  { name: 'openai@6', sdk: 'openai', alias: 'openai-6', isNewest: true },
  { name: 'openai@7', sdk: 'openai', alias: 'openai-7', isNewest: true },
  { name: 'anthropic@0.30', sdk: 'anthropic', alias: 'anthropic-0.30', isNewest: false },
  { name: 'anthropic@0.60', sdk: 'anthropic', alias: 'anthropic-0.60', isNewest: false },
  { name: 'anthropic@0.137', sdk: 'anthropic', alias: 'anthropic-0.137', isNewest: true },
  { name: 'anthropic@1', sdk: 'anthropic', alias: 'anthropic-1', isNewest: true },
  { name: 'azure@4', sdk: 'openai', alias: 'openai-4', isNewest: false, cloud: 'azure' },
  { name: 'azure@5', sdk: 'openai', alias: 'openai-5', isNewest: false, cloud: 'azure' },
  { name: 'azure@6', sdk: 'openai', alias: 'openai-6', isNewest: false, cloud: 'azure' },
  { name: 'azure@7', sdk: 'openai', alias: 'openai-7', isNewest: true, cloud: 'azure' },
  { name: 'bedrock@0.11', sdk: 'anthropic', alias: 'bedrock-0.11', isNewest: false, cloud: 'bedrock' },
  { name: 'bedrock@0.36', sdk: 'anthropic', alias: 'bedrock-0.36', isNewest: false, cloud: 'bedrock' },
  { name: 'bedrock@1', sdk: 'anthropic', alias: '@anthropic-ai/bedrock-sdk', isNewest: true, cloud: 'bedrock' },
  { name: 'vertex@0.4', sdk: 'anthropic', alias: 'vertex-0.4', isNewest: false, cloud: 'vertex' },
  { name: 'vertex@0.22', sdk: 'anthropic', alias: 'vertex-0.22', isNewest: false, cloud: 'vertex' },
  { name: 'vertex@1', sdk: 'anthropic', alias: '@anthropic-ai/vertex-sdk', isNewest: true, cloud: 'vertex' },
  { name: 'foundry@0.2', sdk: 'anthropic', alias: 'foundry-0.2', isNewest: false, cloud: 'foundry' },
  { name: 'foundry@1', sdk: 'anthropic', alias: '@anthropic-ai/foundry-sdk', isNewest: false, cloud: 'foundry' },
];

export const sdksFolder: string = folder('./conformance/sdks');

/** Requires from the folder. */
export const fromSdks: NodeJS.Require = createRequire(join(sdksFolder, 'package.json'));

/** `7.57.0`; of a cloud's package, the version of the SDK below it. */
export const installedVersion = (version: Version): string =>
  JSON.parse(readFileSync(join(baseFolder(version), 'package.json'), 'utf8')).version;

/** Where a version's SDK lies: of a cloud's package, the one that it has below it. */
export const baseFolder = ({ alias, cloud, sdk }: Version): string =>
  cloud && sdk === 'anthropic'
    ? dirname(createRequire(join(packageFolder(alias), 'package.json')).resolve('@anthropic-ai/sdk'))
    : packageFolder(alias);

export const packageFolder = (alias: string): string => join(sdksFolder, 'node_modules', alias);

const nodesFolder: string = folder('./conformance/nodes');

/** The path of another Node, from the npm package that carries its binaries. @throws Error when npm has none. */
export function nodeOf(version: string): string {
  const directory = join(nodesFolder, version);
  const binary = join(directory, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  process.stderr.write(`installing Node ${version} below ${nodesFolder}, once\n`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  npm(['install', `node@${version}`], directory);
  return binary;
}
