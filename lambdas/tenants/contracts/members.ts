import * as z from 'zod/mini';
import { Id } from '../../shared/http/id';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { ById, RoleName, RoleNames, versioned } from './common';

export const Member = z.object({
  id: z.uuid(),
  email: z.nullable(z.string()),
  name: z.string(),
  roles: z.array(z.string()),
  /** Of somebody else's issuer, which also says the roles. */
  external: z.boolean(),
  ...versioned,
});

const Email = z.email().check(z.toLowerCase(), z.maxLength(254));

const any = { auth: 'any', since: '0.2.0' } as const;
const one = { ...any, params: ById, resource: { type: 'member', param: 'id' } } as const;

export const memberRoutes = {
  listMembers: {
    method: 'GET',
    path: '/v1/members',
    summary: 'The members of your organisation and their roles',
    auth: 'any',
    permission: 'members:read',
    query: z.strictObject({ ...PageQuery, email: z.optional(Email), role: z.optional(RoleName) }),
    reply: { status: 200, body: pageOf(Member) },
    since: '0.1.0',
  },
  addMember: {
    ...any,
    method: 'POST',
    path: '/v1/members',
    summary: 'Bring a removed member back; whoever is new gets an invitation',
    permission: 'members:write',
    idempotent: true,
    body: json(z.strictObject({ id: Id, roles: RoleNames })),
    reply: { status: 201, body: Member },
    errors: ['not_found'],
  },
  getMember: {
    ...one,
    method: 'GET',
    path: '/v1/members/{id}',
    summary: 'One member',
    permission: 'members:read',
    reply: { status: 200, body: Member },
    errors: ['not_found'],
  },
  updateMember: {
    ...one,
    method: 'PATCH',
    path: '/v1/members/{id}',
    summary: 'Change the roles of a member',
    permission: 'members:write',
    conditional: true,
    body: json(z.strictObject({ roles: RoleNames })),
    reply: { status: 200, body: Member },
    errors: ['not_found', 'conflict'],
    example: { body: { roles: ['editor'] } },
  },
  removeMember: {
    ...one,
    method: 'DELETE',
    path: '/v1/members/{id}',
    summary: 'Remove a member: sessions and keys end with the membership',
    permission: 'members:write',
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found', 'conflict'],
  },
  leaveOrganisation: {
    method: 'DELETE',
    path: '/v1/members/me',
    summary: 'Leave the organisation',
    auth: 'bearer',
    caller: 'user',
    permission: 'account:write',
    reply: { status: 204 },
    errors: ['not_found', 'conflict'],
    since: '0.2.0',
  },
} as const satisfies Contract;
