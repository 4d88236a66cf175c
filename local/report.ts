import type { Host } from './host';
import { list, object, text } from './json';
import type { Resource } from './types';

/** Types that this machine has no need of, or that stand in what is emulated. Every other type is named at the start. */
const EMULATED =
  /^AWS::(ApiGateway::(RestApi|Stage|Deployment)|Lambda::|IAM::(Role|Policy|ManagedPolicy)|DynamoDB::|SQS::Queue$|SecretsManager::(Secret|SecretTargetAttachment|RotationSchedule)$|RDS::(DBCluster|DBProxy|DBInstance|DBSubnetGroup|DBProxyTargetGroup)|ElastiCache::|CloudFormation::CustomResource|CDK::|Scheduler::Schedule|Events::Rule)/;

/** What of the templates is not emulated, by type with how many there are. */
export function notEmulated(resources: readonly Resource[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { type } of resources) if (!EMULATED.test(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([type, count]) => (count > 1 ? `${type} (${count})` : type));
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

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

const loginLines = (url: string, logins: Logins): readonly string[] => [
  `Logins, all with the password ${logins.password}:`,
  ...logins.users.map(({ email, role }) => `  ${role.padEnd(9)} ${email}`),
  `API keys: ${logins.apiKeys.join('  ')}`,
  '',
  'Try it:',
  ...curlLines(url, logins).map((line) => `  ${line}`),
  '',
];

/** What is printed when the host is ready. `buildMilliseconds` went before it started. */
export function report(host: Host, buildMilliseconds: number): readonly string[] {
  const { url, phases, notes, resources, schedules } = host;
  const took = [...phases.took].map(([name, milliseconds]) => `${name} ${seconds(milliseconds)}`);
  const logins = loginsOf(host);
  return [
    '',
    `Gatehouse is ready at ${url} after ${seconds(buildMilliseconds + phases.totalMilliseconds)}`,
    `  build and synth ${seconds(buildMilliseconds)}; ${took.join(', ')}`,
    `  API reference ${url}/docs   readiness ${url}/ready`,
    ...[...schedules.expressions].map(([id, expression]) => `  schedule ${id} ${expression}`),
    '',
    ...(logins ? loginLines(url, logins) : []),
    `Not emulated here: ${notEmulated(resources).join(', ')}`,
    ...notes.map((note) => `Note: ${note}`),
    '',
  ];
}
