import { relative } from 'node:path';
import type { Host } from './host';
import { list, object, text } from './json';
import type { Resource } from './types';

/** Types that are emulated, or that this machine has no need of. Every other type is named at the start. */
const EMULATED =
  /^(Custom::.*|AWS::(ApiGateway::(RestApi|Stage|Deployment)|Lambda::(Function|Permission|Url|EventSourceMapping|Alias|Version)|IAM::(Role|Policy|ManagedPolicy)|DynamoDB::(Global)?Table|SQS::Queue|SecretsManager::(Secret|SecretTargetAttachment|RotationSchedule)|RDS::(DBCluster|DBProxy|DBInstance|DBSubnetGroup|DBProxyTargetGroup)|ElastiCache::(ServerlessCache|User|UserGroup)|CloudFormation::CustomResource|CDK::Metadata|Scheduler::Schedule|Events::Rule))$/;

/** A service with more types than these is only counted: a network has dozens of parts. */
const MOST_TYPES = 4;

/** What a stage asks for beyond its name and variables. */
const STAGE_SETTINGS: Readonly<Record<string, string>> = {
  AccessLogSetting: 'access log',
  CacheClusterEnabled: 'cache',
  CanarySetting: 'canary',
  MethodSettings: 'throttling and method metrics',
  TracingEnabled: 'tracing',
};

/** The items by what `keyOf` gives for them, in the order of those keys. */
function grouped(items: readonly string[], keyOf: (item: string) => string): readonly (readonly [string, string[]])[] {
  const groups = new Map<string, string[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups].toSorted(([a], [b]) => a.localeCompare(b));
}

/** `CloudWatch (38 Alarm, 3 Dashboard)` */
function summary(service: string, types: readonly string[]): string {
  const kinds = grouped(types, (type) => type.split('::')[2] ?? '');
  if (kinds.length > MOST_TYPES) return `${service} (${types.length} resources)`;
  return `${service} (${kinds.map(([kind, { length }]) => (length > 1 ? `${length} ${kind}` : kind)).join(', ')})`;
}

/** What of the templates is not emulated: services with their types, and settings of the API's stage. */
export function notEmulated(resources: readonly Resource[]): readonly string[] {
  const others = resources.map(({ type }) => type).filter((type) => !EMULATED.test(type));
  const services = grouped(others, (type) => type.split('::')[1] ?? '').map(([name, types]) => summary(name, types));
  const stages = resources.filter(({ type }) => type === 'AWS::ApiGateway::Stage');
  const names = new Set(stages.flatMap(({ properties }) => Object.keys(properties)));
  const settings = Object.entries(STAGE_SETTINGS).filter(([name]) => names.has(name));
  return [...services, ...settings.map(([, words]) => `the stage's ${words}`)];
}

interface Logins {
  readonly password: string;
  readonly users: readonly { readonly email: string; readonly role: string }[];
  readonly apiKeys: readonly string[];
}

/** The logins of example data, where the templates have a secret for them (its logical id begins with SeedLogins). */
function loginsOf({ resources, secrets }: Host): Logins | undefined {
  const secret = resources.find(
    ({ type, id }) => type === 'AWS::SecretsManager::Secret' && id.startsWith('SeedLogins'),
  );
  if (!secret) return undefined;
  const { password, users, apiKeys } = object(JSON.parse(secrets.value(secret.ref)));
  return {
    password: text(password) ?? '',
    users: list(users).map((user) => ({ email: text(object(user).email) ?? '', role: text(object(user).role) ?? '' })),
    apiKeys: list(apiKeys).map((apiKey) => text(object(apiKey).key) ?? ''),
  };
}

/** Three commands that work when pasted: who is in, a federated answer, and what a machine reads. */
const curlLines = (url: string, { password, users, apiKeys }: Logins): readonly string[] => [
  `TOKEN=$(curl -s ${url}/v1/auth/token -d grant_type=password -d username=${users[0]?.email} -d password=${password} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
  `curl -s ${url}/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"query":"{ products(first: 3) { name reviews { body author { name } } } }"}'`,
  `curl -s ${url}/metrics -H 'X-Api-Key: ${apiKeys[0]}'`,
];

const loginLines = (url: string, logins: Logins): readonly string[] => [
  `Logins, all with the password ${logins.password}:`,
  ...logins.users.map(({ email, role }) => `  ${role.padEnd(9)} ${email}`),
  ...logins.apiKeys.map((key, index) => `${index === 0 ? 'API keys: ' : '          '}${key}`),
  '',
  'Try it:',
  ...curlLines(url, logins).map((line) => `  ${line}`),
  '',
];

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

/** As one types it: relative where it is below the folder one is in. */
function shown(folder: string): string {
  const path = relative('', folder);
  return path.startsWith('..') ? folder : path;
}

export interface ReportOptions {
  readonly dataFolder: string;
  readonly logFolder: string;
  /** What went before the host started; 0 when it served what was there. */
  readonly buildMilliseconds: number;
}

/** What is printed when the host is ready. */
export function report(host: Host, { dataFolder, logFolder, buildMilliseconds }: ReportOptions): readonly string[] {
  const { url, phases, notes, resources, schedules } = host;
  const took = [['build and synth', buildMilliseconds] as const, ...phases.took].filter(
    ([, milliseconds]) => milliseconds > 0,
  );
  const logins = loginsOf(host);
  return [
    '',
    `Gatehouse is ready at ${url} after ${seconds(buildMilliseconds + phases.totalMilliseconds)}`,
    `  ${took.map(([name, milliseconds]) => `${name} ${seconds(milliseconds)}`).join(', ')}`,
    `  API reference ${url}/docs   readiness ${url}/ready`,
    `  data in ${shown(dataFolder)}   logs of the functions in ${shown(logFolder)}`,
    ...[...schedules.expressions].map(
      ([id, expression]) => `  schedule ${id} ${expression} (type its name to run it now)`,
    ),
    '',
    ...(logins ? loginLines(url, logins) : []),
    `Not emulated here: ${notEmulated(resources).join('; ')}`,
    ...notes.map((note) => `Note: ${note}`),
    '',
  ];
}
