/** Every permission a route can ask for: `<feature>:<verb>`. */
export const PERMISSIONS = ['graph:query', 'members:read', 'metrics:read'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** RBAC is a table, not an engine: what each role may do. */
export const ROLES = {
  admin: ['graph:query', 'members:read', 'metrics:read'],
  editor: ['graph:query'],
  viewer: ['graph:query'],
  api_user: ['graph:query', 'metrics:read'],
} as const satisfies Record<string, readonly Permission[]>;
export type Role = keyof typeof ROLES;
export const ROLE_NAMES = ['admin', 'editor', 'viewer', 'api_user'] as const satisfies readonly Role[];

const granted = new Map<Role, ReadonlySet<Permission>>(
  ROLE_NAMES.map((role) => [role, new Set<Permission>(ROLES[role])]),
);

/** Whether one of the roles holds the permission. */
export const permits = (roles: readonly Role[], permission: Permission): boolean =>
  roles.some((role) => granted.get(role)?.has(permission) === true);
