/** Every permission a route can ask for: `<feature>:<verb>`. */
export const PERMISSIONS = [
  'graph:query',
  'metrics:read',
  'account:read',
  'account:write',
  'organisations:read',
  'organisations:write',
  'organisations:create',
  'workspaces:read',
  'workspaces:write',
  'members:read',
  'members:write',
  'roles:read',
  'roles:write',
  'grants:read',
  'grants:write',
  'keys:read',
  'keys:write',
  'clients:read',
  'clients:write',
  'issuers:read',
  'issuers:write',
  'tokens:introspect',
  'audit:read',
  'settings:read',
  'settings:write',
  'subgraphs:read',
  'subgraphs:write',
  'webhooks:read',
  'webhooks:write',
  'events:publish',
  'events:operate',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const READER = ['graph:query', 'account:read', 'account:write', 'organisations:read', 'workspaces:read'] as const;

/** What concerns the whole platform, and no tenant of it. */
const OF_OPERATORS = [
  'settings:read',
  'settings:write',
  'subgraphs:read',
  'subgraphs:write',
  'events:operate',
] as const satisfies readonly Permission[];
export const isOfOperators = (name: Permission): boolean => OF_OPERATORS.some((each) => each === name);

/** RBAC is a table, not an engine: what each role of the house may do. Organisations add roles of their own. */
export const ROLES = {
  admin: PERMISSIONS.filter((name) => !isOfOperators(name)),
  editor: [
    ...READER,
    'workspaces:write',
    'members:read',
    'roles:read',
    'grants:read',
    'keys:read',
    'keys:write',
    'webhooks:read',
    'webhooks:write',
    'events:publish',
  ],
  viewer: READER,
  api_user: ['graph:query', 'metrics:read', 'account:read', 'organisations:read', 'workspaces:read'],
  /** Of the platform, beside another role: it counts in the operator's organisation alone (load.ts). */
  operator: OF_OPERATORS,
} as const satisfies Record<string, readonly Permission[]>;
export type Role = keyof typeof ROLES;
export const ROLE_NAMES = ['admin', 'editor', 'viewer', 'api_user', 'operator'] as const satisfies readonly Role[];

export const isPermission = (name: string): name is Permission => INDEX.has(name);
export const isRole = (name: string): name is Role => Object.hasOwn(ROLES, name);

const INDEX: ReadonlyMap<string, number> = new Map(PERMISSIONS.map((name, index) => [name, index]));

/** A set of permissions as bits, 32 a word: bit `i` is the permission at `i` of `PERMISSIONS`. */
export type PermissionSet = readonly number[];

const WORDS = Math.ceil(PERMISSIONS.length / 32);
export const NO_PERMISSIONS: PermissionSet = Array.from({ length: WORDS }, () => 0);

/** The set of these names. A name that this release does not know (of a stored role) grants nothing. */
export function permissionSet(names: Iterable<string>): PermissionSet {
  const words = [...NO_PERMISSIONS];
  for (const name of names) {
    const index = INDEX.get(name);
    if (index !== undefined) words[index >>> 5] = (words[index >>> 5] ?? 0) | (1 << (index & 31));
  }
  return words;
}

export function holds(set: PermissionSet, permission: Permission): boolean {
  const index = INDEX.get(permission) ?? -1;
  return index >= 0 && ((set[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
}

export const union = (a: PermissionSet, b: PermissionSet): PermissionSet => a.map((word, at) => word | (b[at] ?? 0));
export const intersection = (a: PermissionSet, b: PermissionSet): PermissionSet =>
  a.map((word, at) => word & (b[at] ?? 0));
/** Whether everything in `part` is in `whole` too: nobody hands out more than they hold. */
export const isWithin = (part: PermissionSet, whole: PermissionSet): boolean =>
  part.every((word, at) => (word & ~(whole[at] ?? 0)) === 0);
export const namesOf = (set: PermissionSet): Permission[] => PERMISSIONS.filter((permission) => holds(set, permission));

const SETS: ReadonlyMap<string, PermissionSet> = new Map(
  Object.entries(ROLES).map(([role, names]) => [role, permissionSet(names)]),
);
/** What a role of the house holds; nothing for a role that it does not know. */
export const setOfRole = (role: string): PermissionSet => SETS.get(role) ?? NO_PERMISSIONS;

const EVERYTHING: PermissionSet = permissionSet(PERMISSIONS);
const OF_TENANTS: PermissionSet = permissionSet(PERMISSIONS.filter((name) => !isOfOperators(name)));
/** All that rights in an organisation can ever be, whatever its rows say. */
export const mostOf = ({ operator }: { readonly operator: boolean }): PermissionSet =>
  operator ? EVERYTHING : OF_TENANTS;

/** A grant on one resource: `webhook:we_1`, with what its role holds. */
export interface ResourceGrant {
  readonly effect: 'allow' | 'deny';
  readonly resource: string;
  readonly permissions: PermissionSet;
}

/** What a caller may do: everywhere in the organisation, and on single resources. */
export interface Rights {
  readonly permissions: PermissionSet;
  readonly grants: readonly ResourceGrant[];
}

/**
 * Whether these rights hold the permission on the resource (or at all, without one). As in AWS IAM an explicit deny is
 * stronger than every allow, and what nothing allows is denied.
 */
export function permits({ permissions, grants }: Rights, permission: Permission, resource?: string): boolean {
  let allowed = holds(permissions, permission);
  if (resource === undefined || grants.length === 0) return allowed;
  for (const grant of grants) {
    if (grant.resource !== resource || !holds(grant.permissions, permission)) continue;
    if (grant.effect === 'deny') return false;
    allowed = true;
  }
  return allowed;
}

/** The resources on which the permission is denied: a list does not show them. */
export const hiddenFrom = (rights: Rights, permission: Permission): string[] =>
  rights.grants.map(({ resource }) => resource).filter((resource) => !permits(rights, permission, resource));
