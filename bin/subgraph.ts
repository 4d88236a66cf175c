import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { type BrokenOperation, type Changes, CompositionError } from '../lambdas/registry/contract';
import { settingFields } from '../lambdas/registry/settings';
import { contracts } from '../lambdas/routes';
import { type Client, ClientError, client } from '../lambdas/shared/http/client';
import { fromJson } from '../lambdas/shared/json';

const USAGE = `npm run subgraph -- check <name> [--schema <file>] [--url <url>]
npm run subgraph -- publish <name> --url <url> [--schema <file>] [--settings <file>] [--allow-breaking]

Without --schema the running service at --url is asked for its SDL. --settings is a JSON file such as
{"timeoutMs": 2000, "forwardHeaders": ["accept-language"]}; without it all is as everywhere. GATEHOUSE_URL says where the gateway is,
GATEHOUSE_API_KEY is a key of an operator with the scopes subgraphs:read and subgraphs:write.
Ends with 1 when the graph would not compose or would break its callers, with 2 when it could not be asked.`;

const OPTIONS = {
  schema: { type: 'string' },
  url: { type: 'string' },
  settings: { type: 'string' },
  'allow-breaking': { type: 'boolean', default: false },
} as const;

interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  write(line: string): void;
}

const Settings = z.strictObject(settingFields);
type Settings = z.output<typeof Settings>;

/** A command line that cannot be run: told with the usage. */
class Wrong extends Error {}

/** Checks or publishes one subgraph, for a pipeline. @returns the exit code */
export async function subgraph(parameters: readonly string[], world: World): Promise<number> {
  try {
    return await run(parsed(parameters, world), world);
  } catch (error) {
    if (error instanceof ClientError) return refused(error, world);
    world.write(error instanceof Error ? error.message : String(error));
    if (error instanceof Wrong) world.write(USAGE);
    return 2;
  }
}

interface Command {
  readonly action: 'check' | 'publish';
  readonly name: string;
  readonly url?: string;
  readonly file?: string;
  readonly settings: Settings;
  readonly allowBreaking: boolean;
  readonly api: Client<typeof contracts.registry>;
}

function parsed(parameters: readonly string[], { env, fetch: send }: World): Command {
  const { positionals, values } = parsedArgs(parameters);
  const [action, name, ...others] = positionals;
  if (action !== 'check' && action !== 'publish') throw new Wrong('say check or publish');
  if (name === undefined || others.length > 0) throw new Wrong('name one subgraph');
  const { schema: file, url, settings, 'allow-breaking': allowBreaking } = values;
  if (url === undefined && (action === 'publish' || file === undefined)) throw new Wrong('--url is missing');
  const { GATEHOUSE_URL: baseUrl, GATEHOUSE_API_KEY: apiKey } = env;
  if (!baseUrl || !apiKey) throw new Wrong('GATEHOUSE_URL and GATEHOUSE_API_KEY must be set');
  const api = client(contracts.registry, { baseUrl: baseUrl.replace(/\/$/, ''), apiKey, fetch: send });
  return {
    action,
    name,
    allowBreaking,
    api,
    settings: settings === undefined ? {} : settingsIn(settings),
    ...(url !== undefined && { url }),
    ...(file !== undefined && { file }),
  };
}

function settingsIn(path: string): Settings {
  const { data } = z.pipe(fromJson, Settings).safeParse(readFileSync(path, 'utf8'));
  if (!data) throw new Wrong(`${path} holds no settings of a subgraph`);
  return data;
}

function parsedArgs(parameters: readonly string[]) {
  try {
    return parseArgs({ args: [...parameters], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Wrong(error instanceof Error ? error.message : String(error));
  }
}

/** A publication is checked first: nobody breaks callers by accident. */
async function run(command: Command, world: World): Promise<number> {
  const { action, name, url, file, settings, allowBreaking, api } = command;
  const sdl = file === undefined ? {} : { sdl: readFileSync(file, 'utf8') };
  const params = { name };
  const { composes, compositionErrors, changes, operations } = await api.checkSubgraph({
    params,
    body: { ...sdl, ...(url !== undefined && { url }) },
  });
  const found = [...compositionErrors.flatMap((each) => errorLines(each, command)), ...changeLines(changes)];
  for (const line of [...found, ...operations.flatMap(usedLines)]) world.write(line);
  const passed = composes && (changes.breaking.length === 0 || allowBreaking);
  if (!passed || action === 'check' || url === undefined) {
    world.write(passed ? `${name} composes` : `${name} ${composes ? 'breaks callers' : 'does not compose'}`);
    return passed ? 0 : 1;
  }
  const { version, graph } = await api.publishSubgraph({ params, body: { url, ...sdl, ...settings } });
  const what = graph.changed ? 'is published' : 'was published already';
  world.write(`${name} ${what} as version ${version}; the graph is at version ${graph.version}`);
  return 0;
}

const changeLines = ({ breaking, dangerous }: Changes) => [
  ...breaking.map(({ type, description }) => `breaking ${type}: ${description}`),
  ...dangerous.map(({ type, description }) => `dangerous ${type}: ${description}`),
];

/** Who would notice: which operation, and what of it. */
const usedLines = ({ hash, name, count, lastSeenDay, errors }: BrokenOperation) => [
  `breaks ${name ?? 'an operation without a name'} (${hash.slice(0, 12)}), run ${count} times, last on ${lastSeenDay}`,
  ...errors.map(({ message }) => `  ${message}`),
];

/** Positions in the own schema name its file, as editors and pipelines understand them. */
function errorLines({ code, message, positions }: CompositionError, { name, file }: Pick<Command, 'name' | 'file'>) {
  const places = positions.map(({ subgraph: whose, line, column }) => {
    const where = whose === name && file !== undefined ? file : whose;
    return `  at ${where}:${line}:${column}`;
  });
  return [`error ${code}: ${message}`, ...places];
}

const Errors = z.array(CompositionError);

/** What another publication has changed between the check and ours is told like what the check finds. */
function refused({ problem, message }: ClientError, { write }: World): number {
  const found = Errors.safeParse(Reflect.get(problem, 'compositionErrors')).data;
  if (!found) {
    write([message, problem.detail].filter(Boolean).join(': '));
    return 2;
  }
  for (const error of found) for (const line of errorLines(error, { name: '' })) write(line);
  return 1;
}

const write = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  process.exitCode = await subgraph(process.argv.slice(2), { env: process.env, fetch, write });
}

if (require.main === module) void main();
