import * as z from 'zod/mini';
import { PERMISSIONS } from '../../shared/access/permissions';
import type { Contract } from '../../shared/http/route';
import { Grant, Resource } from './grants';

const Permission = z.object({
  name: z.enum(PERMISSIONS),
  /** Roles of the house and of the organisation. */
  roles: z.array(z.string()),
});

export const Decision = z.object({
  permission: z.enum(PERMISSIONS),
  resource: z.optional(z.string()),
  decision: z.enum(['allow', 'deny']),
  /** `scope` and `owner` are what limits a key, `scope` what limits a client; `nothing`: no role and no grant allows it. */
  decidedBy: z.enum(['role', 'scope', 'owner', 'grant', 'nothing']),
  /** The roles that decided. */
  roles: z.optional(z.array(z.string())),
  grant: z.optional(z.pick(Grant, { id: true, subject: true, resource: true, role: true, effect: true })),
  detail: z.string(),
});
export type Decision = z.output<typeof Decision>;

export const permissionRoutes = {
  listPermissions: {
    method: 'GET',
    path: '/v1/permissions',
    summary: 'Every permission with the roles that hold it',
    auth: 'any',
    permission: 'roles:read',
    reply: { status: 200, body: z.object({ items: z.array(Permission) }) },
    since: '0.2.0',
  },
  checkPermission: {
    method: 'GET',
    path: '/v1/permissions/check',
    summary: 'May you do this, and why',
    auth: 'any',
    permission: 'account:read',
    query: z.strictObject({ permission: z.enum(PERMISSIONS), resource: z.optional(Resource) }),
    reply: { status: 200, body: Decision, headers: { 'cache-control': 'no-store' } },
    since: '0.2.0',
  },
} as const satisfies Contract;
