import { randomUUID } from 'node:crypto';
import { PERMISSIONS, type Role } from '../../../lambdas/shared/access/permissions';
import type { Identity } from '../../../lambdas/shared/access/principal';
import type { Handler } from '../../../lambdas/shared/http/serve';
import { ask } from '../../support/handled';
import { captureOutput } from '../../support/output';
import { admissible, everyRoute, productOver, REACHED } from '../../support/routes';
import { startTenants, type TestTenants, userOf } from '../../support/tenants';

captureOutput();

type Caller = Role | 'key' | 'client';
const CALLERS = ['admin', 'editor', 'viewer', 'api_user', 'key', 'client'] as const satisfies readonly Caller[];

/**
 * Who may call what, in the organisation of the operator: its administrator operates the platform too. `key` is a key of
 * the administrator with every scope, `client` one with every scope: where they are missing, the route is for people. Written out, so that whoever widens a right says so here too.
 */
const EVERYBODY = [...CALLERS];
const PEOPLE: readonly Caller[] = ['admin', 'editor', 'viewer', 'api_user'];
const PERSONS: readonly Caller[] = ['admin', 'editor', 'viewer'];
const EDITORS: readonly Caller[] = ['admin', 'editor', 'key', 'client'];
const ADMINS: readonly Caller[] = ['admin', 'key', 'client'];
const MAY: Readonly<Record<string, readonly Caller[]>> = {
  getMe: EVERYBODY,
  listSessions: PEOPLE,
  logOut: PEOPLE,
  endSession: PERSONS,
  endOtherSessions: PERSONS,
  changePassword: PERSONS,
  leaveOrganisation: PERSONS,
  checkPermission: EVERYBODY,

  listOrganisations: EVERYBODY,
  getOrganisation: EVERYBODY,
  createOrganisation: ['admin'],
  updateOrganisation: ADMINS,
  deleteOrganisation: ADMINS,
  listWorkspaces: EVERYBODY,
  getWorkspace: EVERYBODY,
  createWorkspace: EDITORS,
  updateWorkspace: EDITORS,
  deleteWorkspace: EDITORS,
  listWorkspaceMembers: EDITORS,
  putWorkspaceMember: ADMINS,
  deleteWorkspaceMember: ADMINS,
  listMembers: EDITORS,
  getMember: EDITORS,
  addMember: ADMINS,
  updateMember: ADMINS,
  removeMember: ADMINS,
  listInvitations: EDITORS,
  getInvitation: EDITORS,
  createInvitation: ADMINS,
  deleteInvitation: ADMINS,

  listPermissions: EDITORS,
  listRoles: EDITORS,
  getRole: EDITORS,
  createRole: ADMINS,
  updateRole: ADMINS,
  deleteRole: ADMINS,
  listGrants: EDITORS,
  getGrant: EDITORS,
  createGrant: ADMINS,
  updateGrant: ADMINS,
  deleteGrant: ADMINS,

  listKeys: EDITORS,
  getKey: EDITORS,
  getKeyUsage: EDITORS,
  createKey: EDITORS,
  updateKey: EDITORS,
  rotateKey: EDITORS,
  deleteKey: EDITORS,
  listClients: ADMINS,
  getClient: ADMINS,
  createClient: ADMINS,
  updateClient: ADMINS,
  rotateClient: ADMINS,
  deleteClient: ADMINS,
  listIssuers: ADMINS,
  getIssuer: ADMINS,
  createIssuer: ADMINS,
  updateIssuer: ADMINS,
  deleteIssuer: ADMINS,

  createEndpoint: EDITORS,
  listEndpoints: EDITORS,
  getEndpoint: EDITORS,
  updateEndpoint: EDITORS,
  deleteEndpoint: EDITORS,
  rotateEndpointSecret: EDITORS,
  testEndpoint: EDITORS,
  publishEvents: EDITORS,
  getEvent: EDITORS,
  listEventDeliveries: EDITORS,
  listDeliveries: EDITORS,
  getDelivery: EDITORS,
  replayDelivery: EDITORS,
  createJob: EDITORS,
  listJobs: EDITORS,
  getJob: EDITORS,
  cancelJob: EDITORS,
  testFilter: EDITORS,
  listEventTypes: EDITORS,
  getEventType: EDITORS,
  putEventType: EDITORS,
  deleteEventType: EDITORS,

  getLimits: EVERYBODY,
  getLimitSettings: ADMINS,
  putLimitSettings: ADMINS,
  getOrganisationSettings: ADMINS,
  updateOrganisationSettings: ADMINS,

  listSubgraphs: ADMINS,
  getSubgraph: ADMINS,
  listSubgraphVersions: ADMINS,
  publishSubgraph: ADMINS,
  checkSubgraph: ADMINS,
  rollBackSubgraph: ADMINS,
  deleteSubgraph: ADMINS,
  getGraphArtifact: ADMINS,
  listDocumentManifests: ADMINS,
  getDocumentManifest: ADMINS,
  publishDocuments: ADMINS,
  deleteDocuments: ADMINS,
  getGraphSettings: ADMINS,
  putGraphSettings: ADMINS,

  listAudit: ADMINS,
  verifyAudit: ADMINS,
  exportAudit: ADMINS,
  postGraph: EVERYBODY,
  getGraph: EVERYBODY,
  getMetrics: ['admin', 'api_user', 'key', 'client'],
};

let tenants: TestTenants;
let product: Handler;
const identities = new Map<Caller, Identity>();
beforeAll(async () => {
  tenants = await startTenants();
  product = productOver(tenants.serve);
  for (const role of ['admin', 'editor', 'viewer', 'api_user'] as const)
    identities.set(role, await tenants.signedIn(role));
  const { id: owner, organisation } = userOf('admin');
  const { master } = tenants.database;
  const key = 'a'.repeat(16);
  const client = randomUUID();
  await master.query(
    "insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes) values ($1, $2, 'all', $3, $4)",
    [key, organisation, owner, PERMISSIONS],
  );
  await master.query(
    `insert into gatehouse.clients (id, organisation_id, name, kind, secret_hash, scopes)
     values ($1, $2, 'all', 'confidential', 'x', $3)`,
    [client, organisation, PERMISSIONS],
  );
  identities.set('key', { kind: 'api_key', id: key, organisation });
  identities.set('client', { kind: 'client', id: client, organisation });
}, 30_000);
afterAll(() => tenants.stop());

const guarded = everyRoute.filter(([, route]) => route.auth !== 'none');

test('no route is left out of this table, and none is in it that is gone', () => {
  expect(Object.keys(MAY).toSorted()).toEqual(guarded.map(([name]) => name).toSorted());
});

const cells = guarded.flatMap(([name, route]) =>
  CALLERS.map((caller) => ({ name, caller, route, may: MAY[name]?.includes(caller) ?? false })),
);
test.each(cells)('$caller calling $name: allowed is $may', async ({ caller, route, may }) => {
  const answer = await ask(product, { ...admissible(route), principal: identities.get(caller) });
  if (may) expect([401, 403]).not.toContain(answer.status);
  else expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});

test('the operation is reached when nothing is wrong', async () => {
  expect(await ask(product, { resource: '/health' })).toMatchObject({ status: REACHED });
});
