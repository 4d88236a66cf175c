import * as z from 'zod/mini';
import { PERMISSIONS } from '../../shared/access/permissions';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { Description, RoleName } from './common';

export const Role = z.object({
  name: z.string(),
  /** Whether it is one of the organisation's own; those of the house are the same everywhere. */
  custom: z.boolean(),
  description: z.string(),
  permissions: z.array(z.string()),
  version: z.optional(z.int()),
  createdAt: z.optional(z.string()),
  updatedAt: z.optional(z.string()),
});

/** In the order of the table, each once. */
const Permissions = z.pipe(
  z.array(z.enum(PERMISSIONS)),
  z.transform((names) => PERMISSIONS.filter((name) => names.includes(name))),
);

export const NewRole = z.strictObject({
  name: RoleName,
  description: z.optional(Description),
  permissions: Permissions,
});
const RoleChange = z.strictObject({ description: z.optional(Description), permissions: z.optional(Permissions) });

const any = { auth: 'any', since: '0.2.0' } as const;
const one = {
  ...any,
  params: z.strictObject({ name: RoleName }),
  resource: { type: 'role', param: 'name' },
} as const;

export const roleRoutes = {
  listRoles: {
    ...any,
    method: 'GET',
    path: '/v1/roles',
    summary: 'The roles of the house and of your organisation with what they hold',
    permission: 'roles:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Role) },
  },
  createRole: {
    ...any,
    method: 'POST',
    path: '/v1/roles',
    summary: 'Make a role of permissions that you hold',
    permission: 'roles:write',
    idempotent: true,
    body: json(NewRole),
    reply: { status: 201, body: Role },
    example: { body: { name: 'auditor', permissions: ['audit:read', 'members:read'] } },
  },
  getRole: {
    ...one,
    method: 'GET',
    path: '/v1/roles/{name}',
    summary: 'One role',
    permission: 'roles:read',
    reply: { status: 200, body: Role },
    errors: ['not_found'],
  },
  updateRole: {
    ...one,
    method: 'PATCH',
    path: '/v1/roles/{name}',
    summary: "Change one of the organisation's own roles",
    permission: 'roles:write',
    conditional: true,
    body: json(RoleChange),
    reply: { status: 200, body: Role },
    errors: ['not_found', 'conflict'],
    example: { body: { permissions: ['audit:read'] } },
  },
  deleteRole: {
    ...one,
    method: 'DELETE',
    path: '/v1/roles/{name}',
    summary: "Delete one of the organisation's own roles that nobody has",
    permission: 'roles:write',
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found', 'conflict'],
  },
} as const satisfies Contract;
