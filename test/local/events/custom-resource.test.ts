import { settleCustomResources } from '../../../local/events/custom-resource';
import { noFacts } from '../../../local/template/facts';
import { localFunction, resource, temporaryFolder } from '../support';

const folder = temporaryFolder();
let files = 0;

type Event = Readonly<Record<string, unknown>> & { readonly ResponseURL: string };

const respond = (event: Event, answer: object) =>
  fetch(event.ResponseURL, {
    method: 'PUT',
    body: JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'phys', ...answer }),
  });

/** A function that answers custom resources, and runs of a host that share one file. */
function host(handler: (event: Event) => unknown) {
  const events: Event[] = [];
  const fn = localFunction('provider', (event: Event) => {
    events.push(event);
    return handler(event);
  });
  const file = `${folder}/custom-${files++}.json`;
  const custom = (id: string, properties: object, type = 'Custom::Migration') =>
    resource(type, id, { ServiceToken: fn.arn, ...properties });
  const settle = async (...resources: ReturnType<typeof custom>[]) => {
    const facts = noFacts();
    await settleCustomResources({ resources, functions: [fn], facts, file });
    return facts.customResources;
  };
  return { events, custom, settle };
}

test('a new one is created, an unchanged one is left alone, a changed one is updated', async () => {
  const { events, custom, settle } = host((event) => respond(event, { Data: { Version: '7' } }));
  const first = await settle(custom('Migrate', { version: 1, force: true }));
  expect(first.get('Test-Migrate')).toMatchObject({ physicalId: 'phys', attributes: { Version: '7' } });
  const second = await settle(custom('Migrate', { version: 1, force: true }));
  expect(second.get('Test-Migrate')).toMatchObject({ physicalId: 'phys', attributes: { Version: '7' } });
  await settle(custom('Migrate', { version: 2, force: true }));
  expect(events).toMatchObject([
    { RequestType: 'Create', LogicalResourceId: 'Migrate', ResourceType: 'Custom::Migration' },
    { RequestType: 'Update', PhysicalResourceId: 'phys', OldResourceProperties: { version: '1' } },
  ]);
});

test('properties arrive as strings, as CloudFormation hands them over', async () => {
  const { events, custom, settle } = host((event) => respond(event, {}));
  await settle(custom('Migrate', { count: 3, deep: [{ on: true }] }));
  expect(events[0]?.['ResourceProperties']).toMatchObject({ count: '3', deep: [{ on: 'true' }] });
});

test('they run one after the other, in the order given', async () => {
  const done: unknown[] = [];
  const { custom, settle } = host(async (event) => {
    await new Promise((resolve) => setTimeout(resolve, event['LogicalResourceId'] === 'One' ? 60 : 5));
    done.push(event['LogicalResourceId']);
    return respond(event, {});
  });
  await settle(custom('One', {}), custom('Two', {}, 'AWS::CloudFormation::CustomResource'), custom('Three', {}));
  expect(done).toEqual(['One', 'Two', 'Three']);
});

test('one that fails stops the start with its reason, nothing after it runs, and it is tried again next time', async () => {
  let broken = true;
  const failing = { Status: 'FAILED', Reason: 'migration 3 has a syntax error' };
  const { events, custom, settle } = host((event) => respond(event, broken ? failing : {}));
  const resources = [custom('Migrate', {}), custom('After', {})];
  await expect(settle(...resources)).rejects.toThrow('Test/Migrate failed: migration 3 has a syntax error');
  expect(events).toHaveLength(1);
  broken = false;
  await settle(...resources);
  expect(events.map((event) => event['RequestType'])).toEqual(['Create', 'Create', 'Create']);
});

test('a function that throws fails with its error', async () => {
  const { custom, settle } = host(() => {
    throw new Error('cannot connect');
  });
  await expect(settle(custom('Migrate', {}))).rejects.toThrow('Test/Migrate failed: Error: cannot connect');
});

test('a function that ends without an answer fails, and does not keep the host waiting', async () => {
  const { custom, settle } = host(() => undefined);
  await expect(settle(custom('Migrate', {}))).rejects.toThrow('ended without an answer');
});

test('an answer at an address that was not given out is refused', async () => {
  const { custom, settle } = host(async (event) => {
    const elsewhere = await fetch(new URL('/guess', event.ResponseURL), {
      method: 'PUT',
      body: '{"Status":"SUCCESS"}',
    });
    return respond(event, { Data: { status: elsewhere.status } });
  });
  expect((await settle(custom('Migrate', {}))).get('Test-Migrate')?.attributes).toEqual({ status: '403' });
});

test('a ServiceToken of no function stops the start, naming the resource', async () => {
  const { custom, settle } = host(() => undefined);
  await expect(settle(custom('Lost', { ServiceToken: 'arn:elsewhere' }))).rejects.toThrow('Test/Lost');
});
