import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { secretsManager } from '../../../local/aws/secrets-manager';
import { SecretRotations } from '../../../local/events/rotation';
import { openSecrets } from '../../../local/stores/secrets';
import type { Denial, Resource } from '../../../local/types';
import {
  allow,
  credentials,
  guardhouse,
  localFunction,
  resource,
  startEndpoint,
  temporaryFolder,
  until,
} from '../support';

const folder = temporaryFolder();
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:Key-abcdef';
const secretResource = resource('AWS::SecretsManager::Secret', 'Key', { SecretString: 'first' }, ARN);

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Runs when a timer is due; the tests let none come due but by hand. */
class Timers {
  readonly waiting: { milliseconds: number; run: () => void }[] = [];
  #now = Date.now();
  now = () => this.#now;
  after = (milliseconds: number, run: () => void) => {
    this.waiting.push({ milliseconds, run });
    return () => undefined;
  };
  /** Lets the first timer come due. */
  pass() {
    const timer = this.waiting.shift();
    this.#now += timer?.milliseconds ?? 0;
    timer?.run();
  }
}

const schedule = (fnArn: string, rest = {}) =>
  resource('AWS::SecretsManager::RotationSchedule', 'Rotation', {
    SecretId: ARN,
    RotationLambdaARN: fnArn,
    RotationRules: { AutomaticallyAfterDays: 30 },
    ...rest,
  });
const permission = (FunctionName: string) =>
  resource('AWS::Lambda::Permission', 'P', {
    Action: 'lambda:InvokeFunction',
    Principal: 'secretsmanager.amazonaws.com',
    FunctionName,
  });

let files = 0;

/** Secrets Manager behind the endpoint with the SDK's client, and a rotation function that a test can break at a step. */
async function started(resources: (fnArn: string) => Resource[] = (arn) => [schedule(arn), permission(arn)]) {
  const steps: unknown[] = [];
  const [denials, reports]: [Denial[], string[]] = [[], []];
  const state = { brokenStep: '' };
  const client = () =>
    new SecretsManagerClient({ endpoint: endpoint.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  const fn = localFunction('rotate', (event: Step) => rotate(client(), event, state.brokenStep, steps));
  const all = [secretResource, ...resources(fn.arn)];
  const secrets = openSecrets(`${folder}/secrets-${files++}.json`, all);
  const clock = new Timers();
  const onDenied = (denial: Denial) => void denials.push(denial);
  const rotations = new SecretRotations({
    resources: all,
    functions: [fn],
    secrets,
    clock,
    onDenied,
    report: (line) => reports.push(line),
  });
  const house = guardhouse(allow('secretsmanager:*', '*'));
  const services = { secretsmanager: secretsManager(secrets, rotations) };
  const endpoint = await startEndpoint({ callerOf: house.callerOf, onDenied: house.onDenied, services });
  cleanups.push(async () => {
    await rotations.stop();
    await endpoint.stop();
  });
  return { client: client(), rotations, steps, denials, reports, state, clock, secrets };
}

interface Step {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

/** A rotation function as AWS's template writes it, with calls to the real client. */
async function rotate(client: SecretsManagerClient, event: Step, brokenStep: string, steps: unknown[]) {
  const { Step: step, SecretId, ClientRequestToken } = event;
  steps.push(step);
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  if (!VersionIdsToStages[ClientRequestToken]?.includes('AWSPENDING')) throw new Error('no pending version');
  if (step === brokenStep) throw new Error(`broken at ${step}`);
  if (step === 'createSecret') {
    const value = new PutSecretValueCommand({
      SecretId,
      ClientRequestToken,
      SecretString: 'next',
      VersionStages: ['AWSPENDING'],
    });
    const pending = new GetSecretValueCommand({ SecretId, VersionId: ClientRequestToken, VersionStage: 'AWSPENDING' });
    await client.send(pending).catch(() => client.send(value));
  }
  if (step === 'finishSecret') {
    const current = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0];
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: ClientRequestToken,
        RemoveFromVersionId: current,
      }),
    );
  }
}

const value = async (client: SecretsManagerClient, VersionStage = 'AWSCURRENT') =>
  (await client.send(new GetSecretValueCommand({ SecretId: ARN, VersionStage }))).SecretString;

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

test('a new secret is rotated at once, in four steps, and once only', async () => {
  const { client, rotations, steps } = await started();
  await rotations.start();
  expect(steps).toEqual(STEPS);
  expect(await value(client)).toBe('next');
  expect(await value(client, 'AWSPREVIOUS')).toBe('first');
  await expect(value(client, 'AWSPENDING')).rejects.toThrow('staging label: AWSPENDING');
  await rotations.start();
  expect(steps).toEqual(STEPS);
});

test('a schedule that says so waits for its time', async () => {
  const { rotations, steps, clock } = await started((arn) => [
    schedule(arn, { RotateImmediatelyOnUpdate: false }),
    permission(arn),
  ]);
  await rotations.start();
  expect(steps).toEqual([]);
  expect(clock.waiting[0]?.milliseconds).toBeLessThanOrEqual(2 ** 31);
  clock.pass();
  clock.pass();
  await rotations.ended(ARN);
  expect(steps).toEqual(STEPS);
});

test('RotateSecret answers with the new version and rotates to it', async () => {
  const { client, rotations } = await started();
  const { VersionId } = await client.send(new RotateSecretCommand({ SecretId: ARN }));
  await rotations.ended(ARN);
  const { VersionId: current } = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
  expect(current).toBe(VersionId);
  const described = await client.send(new DescribeSecretCommand({ SecretId: ARN }));
  expect(described).toMatchObject({ RotationEnabled: true, LastRotatedDate: expect.any(Date) });
});

test.each(STEPS)(
  'a rotation that fails at %s leaves the current value, and the next attempt finishes it',
  async (step) => {
    const { client, rotations, reports, state, steps } = await started();
    state.brokenStep = step;
    await rotations.start();
    expect(await value(client)).toBe('first');
    expect(reports).toEqual([`Rotation of Key failed: Error: broken at ${step}`]);
    state.brokenStep = '';
    steps.length = 0;
    await client.send(new RotateSecretCommand({ SecretId: ARN }));
    await rotations.ended(ARN);
    expect(steps).toEqual(STEPS);
    expect(await value(client)).toBe('next');
  },
);

test('without a permission for Secrets Manager the function is not invoked, and that is recorded', async () => {
  const { client, rotations, steps, denials } = await started((arn) => [schedule(arn)]);
  await rotations.start();
  expect(steps).toEqual([]);
  expect(denials).toMatchObject([{ principal: 'secretsmanager.amazonaws.com', action: 'lambda:InvokeFunction' }]);
  expect(await value(client)).toBe('first');
});

test('a second RotateSecret while one runs is refused, and a secret without rotation refuses the first', async () => {
  const { client, rotations } = await started();
  const both = await Promise.allSettled([
    client.send(new RotateSecretCommand({ SecretId: ARN })),
    client.send(new RotateSecretCommand({ SecretId: ARN })),
  ]);
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await rotations.ended(ARN);
  const plain = await started(() => []);
  await expect(plain.client.send(new RotateSecretCommand({ SecretId: ARN }))).rejects.toThrow(
    'No Lambda rotation function',
  );
});

test('putting a value makes it current, the one before previous, and the one before that deprecated', async () => {
  const { client, secrets } = await started(() => []);
  for (const SecretString of ['second', 'third'])
    await client.send(new PutSecretValueCommand({ SecretId: 'Key', SecretString }));
  expect([await value(client), await value(client, 'AWSPREVIOUS')]).toEqual(['third', 'second']);
  const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: ARN }));
  expect(Versions?.map(({ VersionStages }) => VersionStages)).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']]);
  expect(openSecrets(secrets.file, []).value(ARN)).toBe('third');
});

test('a token sent twice makes one version, and is refused with another value', async () => {
  const { client } = await started(() => []);
  const put = (SecretString: string) =>
    client.send(new PutSecretValueCommand({ SecretId: ARN, ClientRequestToken: 'a'.repeat(32), SecretString }));
  expect((await put('x')).VersionId).toBe((await put('x')).VersionId);
  await expect(put('y')).rejects.toMatchObject({ name: 'ResourceExistsException' });
});

test('AWSCURRENT can be moved only from where it is, and not be taken away', async () => {
  const { client } = await started(() => []);
  const { VersionId } = await client.send(
    new PutSecretValueCommand({ SecretId: ARN, SecretString: 'x', VersionStages: ['AWSPENDING'] }),
  );
  const move = (rest: object) =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId: ARN, VersionStage: 'AWSCURRENT', ...rest }));
  await expect(move({ MoveToVersionId: VersionId })).rejects.toThrow('must explicitly reference');
  await expect(move({ RemoveFromVersionId: VersionId })).rejects.toThrow('must explicitly reference');
  expect(await value(client)).toBe('first');
});

test('a secret that does not exist is not found, and a random password is one', async () => {
  const { client } = await started(() => []);
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  const { RandomPassword } = await client.send(
    new GetRandomPasswordCommand({ PasswordLength: 20, ExcludePunctuation: true }),
  );
  expect(RandomPassword).toMatch(/^[A-Za-z0-9]{20}$/);
});

test('a rotation that no one waits for ends too', async () => {
  const { client, steps } = await started();
  await client.send(new RotateSecretCommand({ SecretId: ARN }));
  await until(() => steps.length === STEPS.length);
});
